// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/base/error.h"
#include "agent/base/unique_fd.h"
#include "agent/export/listen_address.h"

namespace fusescope {

// What systemd is told of a unit with Type=notify: sd_notify(3). Nothing happens where the
// environment has no NOTIFY_SOCKET. None of these fails: a service manager that cannot be reached
// ends the agent by itself, when its time to start or its watchdog runs out.
class ServiceManager {
 public:
  // Connects, once, while there are the privileges to: sd_notify() would look the socket up each
  // time.
  ServiceManager();

  // The agent answers on its ports. `status` is a line for `systemctl status`.
  void tell_ready(const std::string& status) const;

  // The agent is alive; for WatchdogSec=, to be called more than twice in that time.
  void tell_alive() const;

  // The agent has begun to end.
  void tell_stopping() const;

 private:
  void tell(const std::string& message) const;

  UniqueFd socket_;
};

// The sockets that a .socket unit has opened (sd_listen_fds(3)), in its order. The error says that
// there is none, or what is none.
Result<std::vector<Listener>> passed_listeners();

}  // namespace fusescope

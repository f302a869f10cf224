// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/service_manager.h"

#include <systemd/sd-daemon.h>

#include <utility>

namespace fusescope {
namespace {

// The environment is kept for the next message.
void tell(const std::string& message) { sd_notify(/*unset_environment=*/0, message.c_str()); }

}  // namespace

void tell_ready(const std::string& status) { tell("READY=1\nSTATUS=" + status); }

void tell_alive() { tell("WATCHDOG=1"); }

void tell_stopping() { tell("STOPPING=1"); }

Result<std::vector<Listener>> passed_listeners() {
  const int count = sd_listen_fds(/*unset_environment=*/1);
  if (count < 0) return std::unexpected(errno_error("take over sockets of systemd", -count));
  if (count == 0) {
    return std::unexpected(Error{
        "--web.systemd-socket: systemd has passed no socket: start fusescope.socket, or leave "
        "the option out"});
  }
  std::vector<Listener> listeners;
  for (int index = 0; index < count; ++index) {
    auto listener = adopt_listener(UniqueFd(SD_LISTEN_FDS_START + index));
    if (!listener) return std::unexpected(listener.error());
    listeners.push_back(std::move(*listener));
  }
  return listeners;
}

}  // namespace fusescope

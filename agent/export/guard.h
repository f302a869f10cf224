// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <microhttpd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "agent/base/unique_fd.h"
#include "agent/export/gate.h"
#include "agent/web/certificates.h"
#include "agent/web/web_config.h"

namespace fusescope {

// Who is let in, and what lets them in: a daemon for each listener, to be added by the server.
// When the web config changes the server makes another guard, and this one ends.
struct Guard {
  using Daemon = std::unique_ptr<MHD_Daemon, decltype(&MHD_stop_daemon)>;

  Guard(WebConfig config, ClientPolicy::Log log) : web(std::move(config)), gate(web) {
    if (web.tls) policy.emplace(*web.tls, std::move(log));
  }
  ~Guard() { stop_accepting({}); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  // Connections that are open may stay for that long. The listening sockets are given back by the
  // daemons, once, and closed: stopping a daemon that has its own would shut that down, and others
  // have it too.
  void stop_accepting(std::chrono::milliseconds allowed) {
    if (end_ != Clock::time_point::max()) return;
    for (const Daemon& daemon : daemons) const UniqueFd shared(MHD_quiesce_daemon(daemon.get()));
    end_ = Clock::now() + allowed;
  }

  // True when it has stopped accepting and its connections are closed, or out of time.
  [[nodiscard]] bool has_ended() const {
    if (end_ == Clock::time_point::max()) return false;
    return Clock::now() >= end_ || std::ranges::all_of(daemons, [](const Daemon& daemon) {
             return MHD_get_daemon_info(daemon.get(), MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
                        ->num_connections == 0;
           });
  }

  // Whether the connection is one that it let in.
  [[nodiscard]] bool has(MHD_Connection* connection) const {
    const MHD_Daemon* of = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_DAEMON)->daemon;
    return std::ranges::any_of(daemons, [&](const Daemon& each) { return each.get() == of; });
  }

  WebConfig web;  // the daemons hold on to its strings
  Gate gate;
  std::optional<ClientPolicy> policy;  // none: no TLS
  std::vector<Daemon> daemons;

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point end_ = Clock::time_point::max();  // for connections that are still open
};

}  // namespace fusescope

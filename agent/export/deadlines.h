// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <microhttpd.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <unordered_map>
#include <utility>

namespace fusescope {

// When each connection must have made progress by. libmicrohttpd's own timeout starts again with
// every byte, so that a client that dribbles would keep its connection for ever.
class Deadlines {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Deadlines(std::chrono::milliseconds allowed) : allowed_(allowed) {}

  void restart(MHD_Connection* connection) { by_[connection] = Clock::now() + allowed_; }
  void forget(MHD_Connection* connection) { by_.erase(connection); }

  void enforce() {
    const auto now = Clock::now();
    for (auto& entry : by_) {
      if (entry.second <= now) end(entry);
    }
  }

  // Ends those that have waited for the longest, until no more than `count` are left.
  void keep(std::size_t count) {
    const auto is_open = [](const auto& entry) { return entry.second != kEnded; };
    for (auto open = std::ranges::count_if(by_, is_open); std::cmp_greater(open, count); --open) {
      end(*std::ranges::min_element(by_, {}, [](const auto& entry) { return entry.second; }));
    }
  }

  [[nodiscard]] Clock::time_point next() const {
    auto earliest = kEnded;
    for (const auto& [connection, deadline] : by_) earliest = std::min(earliest, deadline);
    return earliest;
  }

  static constexpr auto kEnded = Clock::time_point::max();

 private:
  using Connections = std::unordered_map<MHD_Connection*, Clock::time_point>;

  // Only shut down here: the library sees that, and closes it.
  static void end(Connections::value_type& entry) {
    auto& [connection, deadline] = entry;
    ::shutdown(MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
               SHUT_RDWR);
    deadline = kEnded;
  }

  std::chrono::milliseconds allowed_;
  Connections by_;
};

}  // namespace fusescope

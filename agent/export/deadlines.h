// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <microhttpd.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace fusescope {

// When each connection must have made progress by. libmicrohttpd's own timeout starts again with
// every byte, so that a client that dribbles would keep its connection for ever.
class Deadlines {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Deadlines(std::chrono::milliseconds allowed) : allowed_(allowed) {}

  // A connection of that client has come.
  void begin(MHD_Connection* connection, std::string client) {
    waiting_[connection] = {.client = std::move(client), .deadline = Clock::now() + allowed_};
  }
  void restart(MHD_Connection* connection) {
    const auto found = waiting_.find(connection);
    if (found != waiting_.end()) found->second.deadline = Clock::now() + allowed_;
  }
  void forget(MHD_Connection* connection) { waiting_.erase(connection); }

  void enforce() {
    const auto now = Clock::now();
    for (auto& [connection, waiting] : waiting_) {
      if (waiting.deadline <= now) end(connection, waiting);
    }
  }

  // Ends connections until no more than `count` are left: of the client that has the most, the one
  // that has waited the longest. So who has one does not lose it to another who opens many.
  void keep(std::size_t count) {
    for (auto clients = open_by_client(); clients.total > count; --clients.total) {
      auto& most =
          *std::ranges::max_element(clients.open, {}, &OpenByClient::Open::value_type::second);
      end_longest_of(most.first);
      most.second--;
    }
  }

  [[nodiscard]] Clock::time_point next() const {
    auto earliest = kEnded;
    for (const auto& [connection, waiting] : waiting_) {
      earliest = std::min(earliest, waiting.deadline);
    }
    return earliest;
  }

  static constexpr auto kEnded = Clock::time_point::max();

 private:
  struct Waiting {
    std::string client;
    Clock::time_point deadline;
  };

  struct OpenByClient {
    using Open = std::map<std::string_view, std::size_t>;
    Open open;
    std::size_t total = 0;
  };

  [[nodiscard]] OpenByClient open_by_client() const {
    OpenByClient clients;
    for (const auto& [connection, waiting] : waiting_) {
      if (waiting.deadline == kEnded) continue;
      clients.open[waiting.client]++;
      clients.total++;
    }
    return clients;
  }

  void end_longest_of(std::string_view client) {
    const auto longest = std::ranges::min_element(waiting_, {}, [&](const auto& entry) {
      return entry.second.client == client ? entry.second.deadline : kEnded;
    });
    end(longest->first, longest->second);
  }

  // Only shut down here: the library sees that, and closes it.
  static void end(MHD_Connection* connection, Waiting& waiting) {
    ::shutdown(MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
               SHUT_RDWR);
    waiting.deadline = kEnded;
  }

  std::chrono::milliseconds allowed_;
  std::unordered_map<MHD_Connection*, Waiting> waiting_;
};

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
// Requests that were sent before the agent began, and that nothing told it of: found in the
// kernel's own lists.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

namespace fusescope {

// Kernel addresses, of connections or requests.
using Addresses = std::set<std::uint64_t>;

// The requests in the kernel's lists, by connection. Read without a lock: some may be none any
// more.
struct Listing {
  std::map<std::uint64_t, Addresses> requests;
  bool is_cut = false;  // a list changed while it was read: some may be missing
};

// What a connection tells of itself, and what the agent has seen of it.
struct WaitingNow {
  std::uint64_t waiting = 0;  // fuse_conn.num_waiting
  std::uint64_t own = 0;      // requests in flight whose sending was seen
  std::uint64_t blocked = 0;  // threads that were seen to wait before they may send
  bool may_block = false;     // threads wait: max_background are in use, or INIT is not answered
};

// Follows the requests that were there when a connection was first looked at, and were not seen to
// be sent. They only become fewer: one is there as long as each listing has it. What is taken for
// one by mistake, because a list was read while it changed, is not in the next listing.
class EarlierRequests {
 public:
  // Whether a listing would tell anything: of a connection that was not looked at yet, or that has
  // such requests left.
  [[nodiscard]] bool needs_listing(const Addresses& connections) const;

  // Whether sent() knows the requests of all of them.
  [[nodiscard]] bool knows(const Addresses& connections) const;

  // A listing of all connections that there are.
  void look(const Addresses& connections, const Listing& listing);

  // The requests of a connection that were sent earlier and have not ended. None until two listings
  // have told the same.
  [[nodiscard]] std::uint64_t sent(std::uint64_t connection) const;

  // Of a connection with such requests, what waits besides since the agent looked first: threads
  // that wait before they may send. It only becomes less, so that no reading that was late invents
  // any; and none is left once no thread has to wait.
  std::uint64_t unsent(std::uint64_t connection, const WaitingNow& now);

 private:
  struct Connection {
    Addresses requests;
    int listings = 0;  // that were complete, and told of requests: two are enough
    std::optional<std::uint64_t> unsent;
  };

  [[nodiscard]] const Connection* confirmed(std::uint64_t connection) const;

  std::map<std::uint64_t, Connection> connections_;
};

}  // namespace fusescope

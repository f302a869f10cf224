// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include "agent/observe/followed_counts.h"

namespace fusescope {

// What is counted of the mount that verify tests, from one look to the next.
class VerifyWatch {
 public:
  // `counts` must outlive this. `device` is the kernel's number of the mount's.
  VerifyWatch(FollowedCounts& counts, std::uint32_t device) : counts_(counts), device_(device) {}

  // The mount, with what was counted since the look before. Fails if that cannot be trusted: also
  // before a request of it was seen, on a kernel that lists no connections.
  Result<MountSnapshot> look();

  // Whether a request has been waiting for so long, or nothing is known of it.
  bool has_waited(std::chrono::nanoseconds time);

 private:
  Result<MountSnapshot> now();

  FollowedCounts& counts_;
  std::uint32_t device_;
  Counters before_{};
};

// What cannot be trusted, and the way out.
Error uncounted(const std::string& what);

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "agent/base/error.h"
#include "agent/observe/observation.h"
#include "agent/probe/followed.h"

namespace fusescope {

// Counts the FUSE I/O of chosen processes, attached for as long as it lives.
class FollowedCounts {
 public:
  // Needs the privileges of Session::start().
  static Result<std::unique_ptr<FollowedCounts>> start(HookMode mode);

  [[nodiscard]] Followed followed() { return Followed(observed_->session()); }

  // To be called about once a second. Failing once is no reason to stop what is counted: collect()
  // fails, if it lasts.
  void keep_house();

  // What was counted, once all that has ended is counted: up to half a second later.
  Result<Snapshot> collect();

 private:
  explicit FollowedCounts(std::unique_ptr<Observation> observed) : observed_(std::move(observed)) {}

  [[nodiscard]] bool is_in_flight() const;

  std::unique_ptr<Observation> observed_;
};

}  // namespace fusescope

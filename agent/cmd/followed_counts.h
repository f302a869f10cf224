// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "agent/base/error.h"
#include "agent/cmd/collector.h"
#include "agent/probe/followed.h"
#include "agent/probe/reader.h"
#include "agent/probe/session.h"

namespace fusescope {

// Counts the FUSE I/O of chosen processes, attached for as long as it lives.
class FollowedCounts {
 public:
  // Needs the rights of Session::start().
  static Result<std::unique_ptr<FollowedCounts>> start(HookMode mode);

  [[nodiscard]] Followed followed() const { return Followed(session_); }

  // To be called about once a second. Failing once is no reason to stop what is counted: collect()
  // fails, if it lasts.
  void keep_house();

  // What was counted, once all that has ended is counted: up to half a second later.
  Result<Snapshot> collect();

 private:
  explicit FollowedCounts(Session session) : session_(std::move(session)) {}

  [[nodiscard]] bool is_in_flight() const;

  Session session_;
  std::optional<Reader> reader_;
  std::optional<Collector> collector_;
};

}  // namespace fusescope

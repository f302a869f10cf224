// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <deque>

#include "agent/model/snapshot.h"

namespace fusescope {

// The snapshots of the last seconds, so that the newest can be compared with one some seconds old.
// Those who look share them: however many do, a new one is due once a second.
class Recent {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kInterval{1};
  static constexpr std::chrono::seconds kWindow{10};

  struct Entry {
    Clock::time_point at;
    Snapshot snapshot;
  };

  [[nodiscard]] bool is_due(Clock::time_point now) const;

  // Forgets what is older than the window. Times only grow.
  void add(Clock::time_point now, Snapshot snapshot);

  // There must be one.
  [[nodiscard]] const Entry& newest() const { return entries_.back(); }

  // The oldest in the window; null if there is none but the newest.
  [[nodiscard]] const Entry* before() const;

 private:
  std::deque<Entry> entries_;
};

}  // namespace fusescope

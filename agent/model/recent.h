// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <deque>
#include <optional>

#include "agent/model/snapshot.h"

namespace fusescope {

// The snapshots of the last seconds, so that the newest can be compared with one some seconds old.
// Those who look share them: however many do, a new one is due once a second.
//
// Who looks less often than that window, as Prometheus does, compares with one of before it.
class Recent {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kInterval{1};
  static constexpr std::chrono::seconds kWindow{10};

  // The oldest that is kept: one within the window, or the newest of those before it.
  enum class Oldest { in_window, before_window };

  struct Entry {
    Clock::time_point at;
    Snapshot snapshot;
  };

  // What a mount counted in the last seconds.
  struct Window {
    double seconds = 0;
    Counters counters;
  };

  explicit Recent(Oldest oldest = Oldest::in_window) : oldest_(oldest) {}

  [[nodiscard]] bool is_due(Clock::time_point now) const;

  // Forgets what is older than what is kept. Times only grow.
  void add(Clock::time_point now, Snapshot snapshot);

  // There must be one.
  [[nodiscard]] const Entry& newest() const { return entries_.back(); }

  // Between the oldest and the newest; nothing if there is but one.
  [[nodiscard]] std::optional<double> seconds() const;

  // Of a mount as it is now, since the oldest that has it too. Nothing if none has: it came since,
  // or came back, and brings along what was counted before it went. Counters that went down are not
  // compared: several mounts share the name "unknown", and leave it when their own is known.
  [[nodiscard]] std::optional<Window> window_of(const MountSnapshot& mount) const;

 private:
  [[nodiscard]] bool is_oldest_needless(Clock::time_point now) const;

  Oldest oldest_;
  std::deque<Entry> entries_;
};

}  // namespace fusescope

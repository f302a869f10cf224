// SPDX-License-Identifier: Apache-2.0
#include "agent/model/recent.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace fusescope {
namespace {

double seconds_between(const Recent::Entry& from, const Recent::Entry& to) {
  return std::chrono::duration<double>(to.at - from.at).count();
}

// Null if it is not there.
const MountSnapshot* find(const Snapshot& snapshot, const MountIdentity& identity) {
  const auto found = std::ranges::find_if(snapshot.mounts, [&](const MountSnapshot& each) {
    return each.identity.mountpoint == identity.mountpoint &&
           each.identity.fstype == identity.fstype;
  });
  return found == snapshot.mounts.end() ? nullptr : &*found;
}

}  // namespace

bool Recent::is_due(Clock::time_point now) const {
  return entries_.empty() || now - entries_.back().at >= kInterval;
}

// Whether another entry does what the oldest is kept for.
bool Recent::is_oldest_needless(Clock::time_point now) const {
  if (oldest_ == Oldest::in_window) {
    return !entries_.empty() && now - entries_.front().at > kWindow;
  }
  return entries_.size() > 1 && now - entries_[1].at >= kWindow;
}

void Recent::add(Clock::time_point now, Snapshot snapshot) {
  while (is_oldest_needless(now)) entries_.pop_front();
  entries_.push_back({.at = now, .snapshot = std::move(snapshot)});
}

std::optional<double> Recent::seconds() const {
  if (entries_.size() < 2) return std::nullopt;
  return seconds_between(entries_.front(), entries_.back());
}

std::optional<Recent::Window> Recent::window_of(const MountSnapshot& mount) const {
  for (const Entry& entry : entries_ | std::views::take(entries_.size() - 1)) {
    const MountSnapshot* earlier = find(entry.snapshot, mount.identity);
    if (!earlier || !is_later(mount.counters, earlier->counters)) continue;
    return Window{.seconds = seconds_between(entry, entries_.back()),
                  .counters = difference(mount.counters, earlier->counters)};
  }
  return std::nullopt;
}

}  // namespace fusescope

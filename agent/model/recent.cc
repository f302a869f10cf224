// SPDX-License-Identifier: Apache-2.0
#include "agent/model/recent.h"

#include <utility>

namespace fusescope {

bool Recent::is_due(Clock::time_point now) const {
  return entries_.empty() || now - entries_.back().at >= kInterval;
}

void Recent::add(Clock::time_point now, Snapshot snapshot) {
  while (!entries_.empty() && now - entries_.front().at > kWindow) entries_.pop_front();
  entries_.push_back({.at = now, .snapshot = std::move(snapshot)});
}

const Recent::Entry* Recent::before() const {
  return entries_.size() > 1 ? &entries_.front() : nullptr;
}

}  // namespace fusescope

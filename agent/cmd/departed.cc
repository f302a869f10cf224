// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/departed.h"

namespace fusescope {

void Departed::add(const MountIdentity& identity, const Counters& counters) {
  const Labels labels{identity.mountpoint, identity.fstype};
  const auto [entry, is_new] = entries_.try_emplace(labels);
  fusescope::add(entry->second.counters, counters);
  entry->second.shown = false;
  if (is_new) order_.push_back(labels);
  if (order_.size() > kLimit) {
    entries_.erase(order_.front());
    order_.pop_front();
  }
}

void Departed::add_earlier(std::vector<MountSnapshot>& mounts) const {
  for (MountSnapshot& mount : mounts) {
    const auto earlier = entries_.find({mount.identity.mountpoint, mount.identity.fstype});
    if (earlier != entries_.end()) fusescope::add(mount.counters, earlier->second.counters);
  }
}

void Departed::join(std::vector<MountSnapshot>& mounts) {
  add_earlier(mounts);
  for (const MountSnapshot& mount : mounts) {
    const auto earlier = entries_.find({mount.identity.mountpoint, mount.identity.fstype});
    if (earlier != entries_.end()) earlier->second.shown = true;
  }
  for (auto& [labels, entry] : entries_) {
    if (entry.shown) continue;
    MountSnapshot& mount = mounts.emplace_back();
    mount.identity = {.mountpoint = labels.first, .fstype = labels.second, .source = ""};
    mount.counters = entry.counters;
    entry.shown = true;
  }
}

}  // namespace fusescope

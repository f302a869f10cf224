// SPDX-License-Identifier: Apache-2.0
#include "agent/model/ledger.h"

#include <algorithm>

namespace fusescope {

MountLabels labels_of(const MountIdentity& identity) {
  return {identity.mountpoint, identity.fstype};
}

void Ledger::add(const MountIdentity& identity, const Counters& counted) {
  Entry& entry = entries_[labels_of(identity)];
  fusescope::add(entry.counters, counted);
  fusescope::add(entry.unshown, counted);
  if (!is_empty(counted)) entry.is_due = true;
}

void Ledger::leave(const MountIdentity& identity) { entries_[labels_of(identity)].is_due = true; }

void Ledger::keep(const std::set<MountLabels>& present) {
  std::map<std::uint64_t, Entries::iterator> away;
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (present.contains(entry->first) || entry->first == labels_of(rest_)) {
      entry->second.gone = 0;
    } else {
      if (!entry->second.gone) entry->second.gone = ++order_;
      if (!entry->second.is_shown) away.emplace(entry->second.gone, entry);
    }
  }
  while (away.size() > kLimit) {
    forget(away.begin()->second);
    away.erase(away.begin());
  }
}

void Ledger::forget(Entries::iterator entry) {
  if (!is_empty(entry->second.unshown)) add(rest_, entry->second.unshown);
  entries_.erase(entry);
  forgotten_++;
}

void Ledger::fill(std::vector<MountSnapshot>& mounts) const {
  for (MountSnapshot& mount : mounts) mount.counters = of(mount.identity);
}

void Ledger::show(std::vector<MountSnapshot>& mounts) {
  fill(mounts);
  for (auto& [labels, entry] : entries_) entry.is_shown = false;
  for (const MountSnapshot& mount : mounts) {
    const auto entry = entries_.find(labels_of(mount.identity));
    if (entry != entries_.end()) entry->second.is_shown = true;
  }
  for (auto& [labels, entry] : entries_) {
    if (entry.is_due && !entry.is_shown) {
      MountSnapshot& mount = mounts.emplace_back();
      mount.identity.mountpoint = labels.first;
      mount.identity.fstype = labels.second;
      mount.counters = entry.counters;
      entry.is_shown = true;
    }
    entry.is_due = false;
    if (entry.is_shown) entry.unshown = {};
  }
}

Counters Ledger::of(const MountIdentity& identity) const {
  const auto entry = entries_.find(labels_of(identity));
  return entry == entries_.end() ? Counters{} : entry->second.counters;
}

}  // namespace fusescope

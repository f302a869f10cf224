// SPDX-License-Identifier: Apache-2.0
#include "agent/host/mounts.h"

#include <algorithm>

#include "agent/host/mountinfo.h"
#include "agent/host/procfs.h"

namespace fusescope {

// False if the process has ended or may not be read.
bool Mounts::add_mounts(const Result<std::string>& mountinfo, const std::string& name_space,
                        FoundByDevice& into) {
  if (!mountinfo) return false;
  for (const Mount& mount : parse_mountinfo(*mountinfo).mounts) {
    if (!is_fuse(mount.fstype)) continue;
    const std::uint32_t device = kernel_device(mount.major, mount.minor);
    into.try_emplace(
        device,
        Found{MountIdentity{mount.mountpoint, mount.fstype, mount.source, device}, name_space});
  }
  return true;
}

void Mounts::walk_namespaces() {
  elsewhere_.clear();
  // This one is read anew each time: remembered, it would name mounts that are gone.
  std::set<std::uint64_t> seen = {namespace_number(proc_ + "/self/ns/mnt")};
  for (const NamespaceMember& each : processes_->members()) {
    if (seen.contains(each.name_space)) continue;
    const std::string name = std::to_string(each.name_space);
    if (add_mounts(processes_->mountinfo(each.process), name, elsewhere_)) {
      seen.insert(each.name_space);
    }
  }
}

// Walks if it is time to.
void Mounts::look_elsewhere(const std::set<std::uint32_t>& wanted, const FoundByDevice& here) {
  const auto now = std::chrono::steady_clock::now();
  const bool is_new = std::ranges::any_of(wanted, [&](std::uint32_t device) {
    return !here.contains(device) && !elsewhere_.contains(device) && walks_[device] < kWalks;
  });
  if (now < last_walk_ + (is_new ? kWalkInterval : kRefreshInterval)) return;
  walk_namespaces();
  last_walk_ = now;
  std::erase_if(walks_, [&](const auto& entry) { return !wanted.contains(entry.first); });
  for (auto& [device, walks] : walks_) walks++;
}

// Whether one of another namespace has the name already.
bool Mounts::is_taken(const Found& found) const {
  return std::ranges::any_of(names_, [&](const auto& entry) {
    const Named& other = entry.second;
    return other.shown.mountpoint == found.identity.mountpoint &&
           other.shown.fstype == found.identity.fstype &&
           other.found.name_space != found.name_space;
  });
}

MountsByDevice Mounts::named(const FoundByDevice& found, const std::string& here) {
  std::erase_if(names_, [&](const auto& entry) {
    const auto now = found.find(entry.first);
    return now == found.end() || now->second.identity != entry.second.found.identity;
  });
  for (const bool of_here : {true, false}) {
    for (const auto& [device, each] : found) {
      if ((each.name_space == here) != of_here || names_.contains(device)) continue;
      MountIdentity shown = each.identity;
      if (is_taken(each)) shown.mountpoint += " (mnt:" + each.name_space + ")";
      names_.emplace(device, Named{each, std::move(shown)});
    }
  }
  MountsByDevice mounts;
  for (const auto& [device, name] : names_) mounts.emplace(device, name.shown);
  return mounts;
}

MountsByDevice Mounts::find(const std::set<std::uint32_t>& wanted) {
  const std::string here = std::to_string(namespace_number(proc_ + "/self/ns/mnt"));
  FoundByDevice found;
  add_mounts(read_procfs(proc_ + "/self/mountinfo"), here, found);
  const auto is_unknown = [&](std::uint32_t device) { return !found.contains(device); };
  if (std::ranges::any_of(wanted, is_unknown)) {
    look_elsewhere(wanted, found);
    for (const std::uint32_t device : wanted) {
      if (const auto other = elsewhere_.find(device); other != elsewhere_.end()) {
        found.insert(*other);
      }
    }
  }
  return named(found, here);
}

}  // namespace fusescope

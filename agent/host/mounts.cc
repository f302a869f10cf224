// SPDX-License-Identifier: Apache-2.0
#include "agent/host/mounts.h"

#include <algorithm>

#include "agent/host/mount_lines.h"
#include "agent/host/other_processes.h"
#include "agent/host/procfs.h"
#include "agent/model/label_text.h"

namespace fusescope {

std::string namespace_mark(const std::string& name_space) { return " (mnt:" + name_space + ")"; }

void Mounts::read_here(const std::string& here) {
  FoundMounts found;
  const auto read = for_each_fuse_mount(
      open_procfs(proc_ + "/self/mountinfo").value_or(UniqueFd()),
      [&](MountIdentity mount) {
        const std::uint32_t device = mount.device;
        found.try_emplace(device, FoundMount{std::move(mount), here});
      },
      [](std::size_t) { return true; });
  if (read) {
    here_ = std::move(found);
  } else {
    repeated_++;
  }
}

void Mounts::look_elsewhere(const WantedDevices& wanted, FoundMounts& found) {
  const auto now = MonotonicClock::now();
  WantedMounts sought;
  for (const auto& [device, claimed] : wanted) {
    if (found.contains(device)) continue;
    const auto before = told_.find(device);
    const bool is_known = before != told_.end() && before->second.claimed == claimed;
    sought[device] = {.claimed = claimed, .told = is_known ? before->second.told : now};
  }
  told_ = std::move(sought);
  elsewhere_ = walker_->look(told_);
  for (const auto& [device, mount] : elsewhere_.mounts) {
    if (told_.contains(device) && is_of(mount, told_)) found.emplace(device, mount);
  }
}

bool Mounts::is_in_no_table(std::uint32_t device) const {
  const auto sought = told_.find(device);
  return sought != told_.end() &&
         elsewhere_.complete_since >= sought->second.told + MountWalk::kAttachTime;
}

// Whether one of another namespace has the name already.
bool Mounts::is_taken(const FoundMount& found) const {
  return std::ranges::any_of(names_, [&](const auto& entry) {
    const Named& other = entry.second;
    return other.shown.mountpoint == found.identity.mountpoint &&
           other.shown.fstype == found.identity.fstype &&
           other.found.name_space != found.name_space;
  });
}

MountsByDevice Mounts::named(const FoundMounts& found, const std::string& here) {
  std::erase_if(names_, [&](const auto& entry) {
    const auto now = found.find(entry.first);
    return now == found.end() || now->second.identity != entry.second.found.identity;
  });
  for (const bool of_here : {true, false}) {
    for (const auto& [device, each] : found) {
      if ((each.name_space == here) != of_here || names_.contains(device)) continue;
      MountIdentity shown = each.identity;
      if (is_taken(each)) {
        shown.mountpoint = to_label(shown.mountpoint, namespace_mark(each.name_space));
      }
      names_.emplace(device, Named{each, std::move(shown)});
    }
  }
  MountsByDevice mounts;
  for (const auto& [device, name] : names_) mounts.emplace(device, name.shown);
  return mounts;
}

MountsByDevice Mounts::find(const WantedDevices& wanted) {
  const std::string here = mount_namespace_of(proc_ + "/self").value_or("");
  read_here(here);
  FoundMounts found = here_;
  look_elsewhere(wanted, found);
  return named(found, here);
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/host/mounts.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <system_error>

#include "agent/host/mountinfo.h"
#include "agent/host/procfs.h"

namespace fusescope {
namespace {

namespace fs = std::filesystem;

// False if the process has ended or may not be read.
bool add_mounts(const std::string& mountinfo_path, MountsByDevice& into) {
  const auto text = read_procfs(mountinfo_path);
  if (!text) return false;
  for (const Mount& mount : parse_mountinfo(*text).mounts) {
    if (!is_fuse(mount.fstype)) continue;
    const std::uint32_t device = kernel_device(mount.major, mount.minor);
    into.try_emplace(device, MountIdentity{mount.mountpoint, mount.fstype, mount.source, device});
  }
  return true;
}

bool is_process(const std::string& name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](unsigned char c) { return std::isdigit(c); });
}

}  // namespace

void Mounts::walk_namespaces() {
  elsewhere_.clear();
  std::error_code error;
  // This one is read anew each time: remembered, it would name mounts that are gone.
  std::set<std::string> seen = {fs::read_symlink(proc_ + "/self/ns/mnt", error).string()};
  for (fs::directory_iterator entry(proc_, error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path process = entry->path();
    if (!is_process(process.filename().string())) continue;
    std::error_code unreadable;
    const fs::path name = fs::read_symlink(process / "ns/mnt", unreadable);
    if (unreadable || seen.contains(name.string())) continue;
    if (add_mounts(process / "mountinfo", elsewhere_)) seen.insert(name.string());
  }
}

MountsByDevice Mounts::find(const std::set<std::uint32_t>& wanted) {
  MountsByDevice mounts;
  add_mounts(proc_ + "/self/mountinfo", mounts);
  const auto is_unknown = [&](std::uint32_t device) { return !mounts.contains(device); };
  if (std::ranges::none_of(wanted, is_unknown)) return mounts;

  const auto now = std::chrono::steady_clock::now();
  const bool is_new = std::ranges::any_of(wanted, [&](std::uint32_t device) {
    return is_unknown(device) && !elsewhere_.contains(device) && walks_[device] < kWalks;
  });
  if (now >= last_walk_ + (is_new ? kWalkInterval : kRefreshInterval)) {
    walk_namespaces();
    last_walk_ = now;
    std::erase_if(walks_, [&](const auto& entry) { return !wanted.contains(entry.first); });
    for (auto& [device, walks] : walks_) walks++;
  }
  for (const std::uint32_t device : wanted) {
    if (const auto found = elsewhere_.find(device); found != elsewhere_.end()) {
      mounts.insert(*found);
    }
  }
  return mounts;
}

}  // namespace fusescope

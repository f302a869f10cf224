// SPDX-License-Identifier: Apache-2.0
#include "agent/host/mounts.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <system_error>

#include "agent/host/mountinfo.h"
#include "agent/host/procfs.h"
#include "agent/model/label_text.h"

namespace fusescope {
namespace {

namespace fs = std::filesystem;

// "4026532567" of "mnt:[4026532567]".
std::string namespace_of(const fs::path& link, std::error_code& error) {
  const std::string name = fs::read_symlink(link, error).string();
  const auto begin = name.find('[');
  const auto end = name.find(']');
  if (begin == std::string::npos || end == std::string::npos) return "";
  return name.substr(begin + 1, end - begin - 1);
}

bool is_process(const std::string& name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](unsigned char c) { return std::isdigit(c); });
}

}  // namespace

std::string namespace_mark(const std::string& name_space) { return " (mnt:" + name_space + ")"; }

// False if the process has ended or may not be read.
bool Mounts::add_mounts(const std::string& mountinfo_path, const std::string& name_space,
                        FoundByDevice& into) {
  const auto text = read_procfs(mountinfo_path);
  if (!text) return false;
  for (const Mount& mount : parse_mountinfo(*text).mounts) {
    if (!is_fuse(mount.fstype)) continue;
    const std::uint32_t device = kernel_device(mount.major, mount.minor);
    if (into.contains(device)) continue;
    into.emplace(device, Found{{to_label(mount.mountpoint), to_label(mount.fstype),
                                to_label(mount.source), device},
                               name_space});
  }
  return true;
}

void Mounts::walk_namespaces() {
  elsewhere_.clear();
  std::error_code error;
  // This one is read anew each time: remembered, it would name mounts that are gone.
  std::set<std::string> seen = {namespace_of(proc_ + "/self/ns/mnt", error)};
  for (fs::directory_iterator entry(proc_, error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path process = entry->path();
    if (!is_process(process.filename().string())) continue;
    std::error_code unreadable;
    const std::string name = namespace_of(process / "ns/mnt", unreadable);
    if (unreadable || seen.contains(name)) continue;
    if (add_mounts(process / "mountinfo", name, elsewhere_)) seen.insert(name);
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

MountsByDevice Mounts::find(const std::set<std::uint32_t>& wanted) {
  std::error_code error;
  const std::string here = namespace_of(proc_ + "/self/ns/mnt", error);
  FoundByDevice found;
  add_mounts(proc_ + "/self/mountinfo", here, found);
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

// SPDX-License-Identifier: Apache-2.0
#include "agent/host/path_mounts.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <ranges>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "agent/host/mounts.h"
#include "agent/host/processes.h"
#include "agent/host/procfs.h"
#include "agent/model/label_text.h"

namespace fusescope {
namespace {

namespace fs = std::filesystem;

// "/a" is a prefix of "/a" and "/a/b", not of "/ab".
bool is_under(const std::string& path, const std::string& directory) {
  if (directory == "/") return true;
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

// What a person gives: a path or a mount's label, and the namespace if that is in the label.
struct Place {
  std::string text;   // all of it
  std::string path;   // without the namespace
  std::string space;  // "mnt:[4026532567]", as its link in procfs; empty: any
  std::string mark;   // what names it in the label
};

Place place_of(const std::string& text) {
  constexpr std::string_view kBegin = " (mnt:";
  const std::string full = absolute_path(text);
  const auto begin = full.rfind(kBegin);
  if (begin == std::string::npos || !full.ends_with(')')) return {full, full, "", ""};
  const auto digits = begin + kBegin.size();
  const std::string number = full.substr(digits, full.size() - digits - 1);
  return {full, absolute_path(full.substr(0, begin)), "mnt:[" + number + "]",
          namespace_mark(number)};
}

// By the longest prefix of the path; of FUSE or not. The later of two at one place hides the other.
const Mount* mount_of(const std::string& path, const MountTable& table) {
  const Mount* found = nullptr;
  for (const Mount& mount : table.mounts) {
    if (!is_under(path, mount.mountpoint)) continue;
    if (!found || mount.mountpoint.size() >= found->mountpoint.size()) found = &mount;
  }
  return found;
}

const Mount* labelled(const Place& place, const MountTable& table) {
  const auto mounts = std::views::reverse(table.mounts);
  const auto found = std::ranges::find_if(mounts, [&](const Mount& mount) {
    return is_fuse(mount.fstype) && to_label(to_label(mount.mountpoint), place.mark) == place.text;
  });
  return found == mounts.end() ? nullptr : &*found;
}

// The FUSE mount that is meant, of a namespace with this table: that at the path itself, else that
// with this label, else that which the path is on.
const Mount* meant(const Place& place, const MountTable& table) {
  const Mount* mount = mount_of(place.path, table);
  if (!mount || mount->mountpoint != place.path) {
    if (const Mount* found = labelled(place, table)) return found;
  }
  return mount && is_fuse(mount->fstype) ? mount : nullptr;
}

// For a shell.
std::string quoted(const std::string& text) {
  std::string word = "'";
  for (const char character : text) character == '\'' ? word += "'\\''" : word += character;
  return word + "'";
}

std::string space_of(const std::string& process, const std::string& root) {
  std::error_code unreadable;
  return fs::read_symlink(root + "/proc/" + process + "/ns/mnt", unreadable).string();
}

// Whether the place is on FUSE where that process is; and what it is called there, by path or
// label.
std::optional<std::string> name_there(const Place& place, const std::string& process,
                                      const std::string& root) {
  const auto text = read_procfs(root + "/proc/" + process + "/mountinfo");
  if (!text) return std::nullopt;
  const MountTable table = parse_mountinfo(*text);
  const Mount* mount = meant(place, table);
  if (!mount) return std::nullopt;
  return is_under(place.path, mount->mountpoint) ? place.path : to_label(mount->mountpoint);
}

struct There {
  pid_t process;
  std::string name;
};

// A process for each other namespace where the place is on FUSE: the first of a namespace is the
// one that most likely stays.
std::vector<There> processes_with(const Place& place, const std::string& root) {
  std::vector<There> found;
  std::set<std::string> seen = {space_of("self", root), ""};
  for (const pid_t process : all_processes(root)) {
    const std::string space = space_of(std::to_string(process), root);
    if (seen.contains(space) || (!place.space.empty() && space != place.space)) continue;
    seen.insert(space);
    if (auto name = name_there(place, std::to_string(process), root)) {
      found.push_back({process, std::move(*name)});
    }
  }
  return found;
}

}  // namespace

std::string absolute_path(const std::string& path) {
  fs::path full = path;
  if (full.is_relative()) full = fs::current_path() / full;
  std::string text = full.lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

std::optional<std::uint32_t> fuse_device_of(const std::string& path, const MountTable& table) {
  const Mount* found = meant({path, path, "", ""}, table);
  return found ? std::optional(kernel_device(found->major, found->minor)) : std::nullopt;
}

Result<std::uint32_t> fuse_device_here(const std::string& path, const std::string& command,
                                       const std::string& root) {
  const auto text = read_procfs(root + "/proc/self/mountinfo");
  if (!text) return std::unexpected(text.error());
  const MountTable table = parse_mountinfo(*text);
  if (const auto device = fuse_device_of(absolute_path(path), table)) return *device;
  const Place place = place_of(path);
  const Mount* mount = place.space == space_of("self", root) ? meant(place, table) : nullptr;
  if (mount) return kernel_device(mount->major, mount->minor);
  const std::string advice = other_namespace_advice(path, command, root);
  return std::unexpected(Error{advice.empty() ? "not on a FUSE mount: see 'findmnt -t "
                                                "fuse,fuseblk,virtiofs' and its subtypes"
                                              : "not on a FUSE mount here, but " + advice});
}

std::string other_namespace_advice(const std::string& path, const std::string& command,
                                   const std::string& root) {
  const std::string full = absolute_path(path);
  if (name_there({full, full, "", ""}, "self", root)) return "";
  const std::vector<There> found = processes_with(place_of(path), root);
  if (found.empty()) return "";
  const std::string process = std::to_string(found.front().process);
  const std::string others =
      found.size() > 1 ? " (and of " + std::to_string(found.size() - 1) + " more)" : "";
  return "in the mount namespace of PID " + process + others + ": nsenter -t " + process + " -m " +
         command + " " + quoted(found.front().name);
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/host/path_mounts.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>
#include <vector>

#include "agent/host/processes.h"
#include "agent/host/procfs.h"

namespace fusescope {
namespace {

namespace fs = std::filesystem;

// "/a" is a prefix of "/a" and "/a/b", not of "/ab".
bool is_under(const std::string& path, const std::string& folder) {
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// What a person gives: a path, and the namespace if it is the label of a mount in another one.
struct Place {
  std::string path;
  std::string space;  // "mnt:[4026532567]", as its link in procfs; empty: any
};

Place place_of(const std::string& text) {
  constexpr std::string_view kBegin = " (mnt:";
  const auto begin = text.rfind(kBegin);
  if (begin == std::string::npos || !text.ends_with(')')) return {absolute_path(text), ""};
  const std::string number =
      text.substr(begin + kBegin.size(), text.size() - begin - kBegin.size() - 1);
  return {absolute_path(text.substr(0, begin)), "mnt:[" + number + "]"};
}

std::string space_of(const std::string& process, const std::string& root) {
  std::error_code unreadable;
  return fs::read_symlink(root + "/proc/" + process + "/ns/mnt", unreadable).string();
}

bool is_fuse_there(const std::string& path, const std::string& process, const std::string& root) {
  const auto text = read_procfs(root + "/proc/" + process + "/mountinfo");
  return text && fuse_device_of(path, parse_mountinfo(*text));
}

// A process for each other namespace where the place is on FUSE: the first of a namespace is the
// one that most likely stays.
std::vector<pid_t> processes_with(const Place& place, const std::string& root) {
  std::vector<pid_t> found;
  std::set<std::string> seen = {space_of("self", root), ""};
  for (const pid_t process : all_processes(root)) {
    const std::string space = space_of(std::to_string(process), root);
    if (seen.contains(space) || (!place.space.empty() && space != place.space)) continue;
    seen.insert(space);
    if (is_fuse_there(place.path, std::to_string(process), root)) found.push_back(process);
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
  const Mount* found = nullptr;
  for (const Mount& mount : table.mounts) {
    if (!is_under(path, mount.mountpoint)) continue;
    if (!found || mount.mountpoint.size() >= found->mountpoint.size()) found = &mount;
  }
  if (!found || !is_fuse(found->fstype)) return std::nullopt;
  return kernel_device(found->major, found->minor);
}

Result<std::uint32_t> fuse_device_here(const std::string& path, const std::string& command,
                                       const std::string& root) {
  const auto text = read_procfs(root + "/proc/self/mountinfo");
  if (!text) return std::unexpected(text.error());
  if (const auto device = fuse_device_of(absolute_path(path), parse_mountinfo(*text))) {
    return *device;
  }
  const std::string advice = other_namespace_advice(path, command, root);
  return std::unexpected(Error{advice.empty() ? "not on a FUSE mount: see 'findmnt -t "
                                                "fuse,fuseblk,virtiofs' and its subtypes"
                                              : "not on a FUSE mount here, but " + advice});
}

std::string other_namespace_advice(const std::string& path, const std::string& command,
                                   const std::string& root) {
  if (is_fuse_there(absolute_path(path), "self", root)) return "";
  const Place place = place_of(path);
  const std::vector<pid_t> found = processes_with(place, root);
  if (found.empty()) return "";
  const std::string process = std::to_string(found.front());
  const std::string others =
      found.size() > 1 ? " (and of " + std::to_string(found.size() - 1) + " more)" : "";
  return "in the mount namespace of PID " + process + others + ": nsenter -t " + process + " -m " +
         command + " '" + place.path + "'";
}

}  // namespace fusescope

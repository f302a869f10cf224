// SPDX-License-Identifier: Apache-2.0
#include "agent/host/mount_lines.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "agent/host/mountinfo.h"
#include "agent/model/label_text.h"

namespace fusescope {
namespace {

// Most tables are long because of what is not FUSE. Spaces in a path are escaped, so that the first
// " - " stands before the type.
bool may_be_fuse(std::string_view line) {
  const auto separator = line.find(" - ");
  if (separator == std::string_view::npos) return false;
  const std::string_view type = line.substr(separator + 3);
  return type.starts_with("fuse") || type.starts_with("virtiofs");
}

void take_line(std::string_view line, const std::function<void(MountIdentity)>& take) {
  if (!may_be_fuse(line)) return;
  for (const Mount& mount : parse_mountinfo(line).mounts) {
    if (!is_fuse(mount.fstype)) continue;
    take({to_label(mount.mountpoint), to_label(mount.fstype), to_label(mount.source),
          kernel_device(mount.major, mount.minor)});
  }
}

// Takes the whole lines off the front of a text.
void take_lines(std::string& text, const std::function<void(MountIdentity)>& take) {
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    take_line(std::string_view(text).substr(begin, end - begin), take);
  }
  text.erase(0, begin);
}

}  // namespace

Result<bool> for_each_fuse_mount(const UniqueFd& mountinfo,
                                 const std::function<void(MountIdentity)>& take,
                                 const std::function<bool(std::size_t)>& goes_on) {
  std::string text;
  std::array<char, 64 * 1024> buffer{};
  for (;;) {
    const ssize_t count = ::read(mountinfo.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::unexpected(errno_error("read a mount table", errno));
    if (count == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    take_lines(text, take);
    if (!goes_on(static_cast<std::size_t>(count))) return false;
  }
  take_line(text, take);
  return true;
}

}  // namespace fusescope

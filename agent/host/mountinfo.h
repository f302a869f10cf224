// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fusescope {

// One line of /proc/PID/mountinfo (proc_pid_mountinfo(5)). The strings hold the kernel's bytes with
// its octal escapes undone: they need not be UTF-8, and may hold spaces and newlines.
struct Mount {
  std::uint32_t id = 0;
  std::uint32_t parent = 0;
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::string root;        // the part of the filesystem that is mounted; "/" unless a bind mount
  std::string mountpoint;  // as seen from PID's root directory
  std::string fstype;      // with its subtype: "fuse.sshfs"
  std::string source;      // may be empty
  std::string super_options;
};

struct MountTable {
  std::vector<Mount> mounts;        // in the kernel's order: a later mount hides an earlier one
  std::size_t malformed_lines = 0;  // lines that were not understood and therefore left out
};

// Parses the text of a mountinfo file. Any bytes are accepted: a line that is not as the kernel
// writes it is counted and skipped. Empty lines are not counted.
MountTable parse_mountinfo(std::string_view text);

// Whether requests of a filesystem of this type go through fs/fuse: fuse, fuseblk, either with a
// subtype, and virtiofs. Not fusectl, whose files only control connections.
bool is_fuse(std::string_view fstype);

// The kernel's own form of a device number, MKDEV in include/linux/kdev_t.h, which is what
// super_block.s_dev and fuse_conn.dev hold. It is not the dev_t of stat(2).
constexpr std::uint32_t kernel_device(std::uint32_t major, std::uint32_t minor) {
  return major << 20 | minor;
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace fusescope {

// What /sys/class/bdi calls a FUSE mount's own backing device, where its readahead window is set:
// "0:41"; "7:0-fuseblk" where it is on a block device, because "7:0" is that device's
// (fuse_bdi_init(), fs/fuse/inode.c). `device` is the kernel's number, major << 20 | minor; all
// other filesystems have major 0 (get_anon_bdev(), fs/super.c).
inline std::string bdi_name(std::uint32_t device) {
  const std::uint32_t major = device >> 20;
  const std::uint32_t minor = device & ((1U << 20) - 1);
  return std::to_string(major) + ":" + std::to_string(minor) + (major ? "-fuseblk" : "");
}

}  // namespace fusescope

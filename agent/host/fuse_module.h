// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace fusescope {

// Whether the kernel has FUSE now.
struct FuseModule {
  bool present = false;
  bool loadable = false;       // a module, that can go and come; not built in
  std::uint64_t identity = 0;  // of a module: another one each time that it is loaded

  bool operator==(const FuseModule&) const = default;
};

// From /sys/module/fuse and /proc/filesystems. `root` is put before each path: a directory made up
// for a test.
FuseModule fuse_module(const std::string& root = "");

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace fusescope {

// Whether the kernel has FUSE now.
struct FuseModule {
  bool present = false;
  bool loadable = false;       // a module, that can go and come; not built in
  std::uint64_t identity = 0;  // another one each time that it is loaded; 0 where it is not

  bool operator==(const FuseModule&) const = default;
};

// From /sys/module/fuse; `sys` is the sysfs to read.
FuseModule fuse_module(const std::string& sys = "/sys");

}  // namespace fusescope

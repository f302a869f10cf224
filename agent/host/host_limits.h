// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/model/limits.h"

namespace fusescope {

// The page size, and /proc/sys/fs/fuse/max_pages_limit where there is one: it can be changed at any
// time, and comes with the module of FUSE. `root` is put before each path: a directory made up for
// a test.
HostLimits read_host_limits(const std::string& root = "");

}  // namespace fusescope

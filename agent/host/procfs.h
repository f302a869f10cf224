// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/base/error.h"

namespace fusescope {

// All of a file of procfs: it gives no size, and hands out about a page at a time. What it is about
// may be gone at any moment, as a process: that is an error like any other.
Result<std::string> read_procfs(const std::string& path);

// The same of one that is open; `path` is for the error.
Result<std::string> read_open(int file, const std::string& path);

}  // namespace fusescope

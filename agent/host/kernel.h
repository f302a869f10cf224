// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/model/diagnosis.h"

namespace fusescope {

// What procfs and sysfs tell of this kernel. What cannot be read is left out; nothing fails, and
// no privileges are needed. `root` is put before each path: a directory made up for a test.
KernelFacts read_kernel(const std::string& root = "");

}  // namespace fusescope

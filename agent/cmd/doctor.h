// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/base/error.h"
#include "agent/probe/hooks.h"

namespace fusescope {

struct DoctorOptions {
  HookMode hooks = HookMode::automatic;
  bool json = false;
};

// Prints what this kernel offers, which hook each role got and why others were refused. Nothing
// stays attached, and no path of a mounted filesystem is touched. The result is the exit code: 0
// all roles, 1 degraded, 2 nothing works. Fails only if the report cannot be written.
Result<int> doctor(const DoctorOptions& options);

}  // namespace fusescope

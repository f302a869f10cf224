// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "agent/base/error.h"
#include "agent/model/state.h"
#include "agent/probe/hooks.h"

namespace fusescope {

struct TopOptions {
  HookMode hooks = HookMode::automatic;
  double interval = 1;      // seconds between two refreshes
  std::uint64_t count = 0;  // refreshes, then it ends; 0: without end
  bool by_process = false;  // begins with the processes
  StateRule rule;
};

// Shows what FUSE mounts and processes do, on the whole terminal; plain tables where standard
// output is none, or one that cannot be drawn on. Ends with 0: after its refreshes, by a key, or by
// a signal that asks it to. Fails if nothing can be counted or the output cannot be written.
Result<int> top(const TopOptions& options);

}  // namespace fusescope

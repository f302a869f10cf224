// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "agent/base/error.h"
#include "agent/probe/hooks.h"

namespace fusescope {

struct VerifyOptions {
  std::string folder;
  HookMode hooks = HookMode::automatic;
  bool json = false;
  bool unaligned = false;  // buffers begin 512 bytes into a page
  std::chrono::seconds timeout{60};
};

// Reads and writes a file of its own in a folder of a FUSE mount, counts the requests that this
// takes, and prints whether they are as few as they can be. The result is the exit code: 0 they
// are, 1 limited or broken, or 128 + n: ended by signal n. Fails if it could not be tested; the
// file is gone in any case, unless the daemon hangs, which the text says then.
Result<int> verify(const VerifyOptions& options);

}  // namespace fusescope

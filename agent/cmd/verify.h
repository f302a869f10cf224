// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "agent/base/error.h"
#include "agent/probe/hooks.h"

namespace fusescope {

struct VerifyOptions {
  std::string directory;
  std::string file;  // to be read; nothing is written then. Empty: see VerifyRun
  HookMode hooks = HookMode::automatic;
  bool json = false;
  bool no_timing = false;  // only count
  bool unaligned = false;  // the verdict is about buffers that begin 512 bytes into a page
  std::chrono::seconds timeout{60};
};

// Reads and writes a file of its own in a directory of a FUSE mount, counts the requests that this
// takes, and prints whether they are as few as they can be. Where no file can be made, one that is
// there is read. The result is the exit code: 0 they are, 1 limited or broken, or 128 + n: ended by
// signal n. Fails if neither reads nor writes could be tested; the own file is gone in any case,
// unless the daemon hangs or refuses it, which is said then.
Result<int> verify(const VerifyOptions& options);

}  // namespace fusescope

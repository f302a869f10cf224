// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <string>
#include <vector>

#include "agent/base/error.h"
#include "agent/probe/hooks.h"

namespace fusescope {

struct StatOptions {
  HookMode hooks = HookMode::automatic;
  bool json = false;
  bool fail_on_split = false;
  std::string output;                     // a file; empty: standard error
  int process = 0;                        // counts this one and its descendants; 0: the command
  std::vector<std::string> command;       // runs it; empty: until the process ends
  sighandler_t on_broken_pipe = SIG_DFL;  // what the command does on SIGPIPE
};

// Runs a command as it would run by itself and reports the FUSE I/O of it and all processes that it
// makes, or of a process that is there already. A signal that asks this process alone to end is
// passed on to the command; the report comes all the same. The result is the exit code: that of
// the command (128 + n if signal n ended it, 127 or 126 if it could not be run), 0 without one, or
// 1 for a split call if that was asked for. Fails if nothing could be counted, and then has not run
// the command; or if the report cannot be written.
Result<int> stat(const StatOptions& asked);

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
// What `fusescope stat` counted: plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/model/judgement.h"
#include "agent/model/limits.h"
#include "agent/model/snapshot.h"

namespace fusescope {

// What was counted, and of whom.
struct StatReport {
  std::vector<std::string> command;   // empty: there was none
  std::optional<int> process;         // the id of one that was there already
  double seconds = 0;                 // while it was counted
  std::optional<int> exit_code;       // of the command, unless a signal ended it
  std::optional<int> signal;          // that ended the command
  std::vector<MountSnapshot> mounts;  // those with a request or a call
  SelfSnapshot self;
  HostLimits host;
};

// Over all mounts, operations and modes: the worst verdict, and the sums.
Judgement total_of(const StatReport& report);

}  // namespace fusescope

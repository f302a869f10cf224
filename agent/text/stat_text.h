// SPDX-License-Identifier: Apache-2.0
// The report of `fusescope stat`, for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/model/judgement.h"
#include "agent/model/limits.h"
#include "agent/model/losses.h"
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

// The roles that requests and calls are counted by and that are not exact here, and why.
std::vector<HookStatus> inexact_roles_of(const SelfSnapshot& self);

// Tables, about 100 columns wide; one line where there was no FUSE I/O.
std::string stat_text(const StatReport& report);

}  // namespace fusescope

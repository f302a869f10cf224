// SPDX-License-Identifier: Apache-2.0
// Which programs are to be loaded together: the best alternative of each role that is not known to
// be refused. Pure: the loading is the session's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/model/hook.h"
#include "agent/probe/hooks.h"
#include "agent/probe/loader.h"

namespace fusescope {

// Whose requests a session counts: those of the whole host, by mount or by process as well, or of
// the processes that Followed names.
enum class Scope { host, host_by_process, followed_processes };

// Programs that user space runs itself, to look around.
struct Walks {
  const char* device_list;
  const char* connection_walk;
};

// What is loaded in one go.
struct Plan {
  std::vector<HookStatus> hooks;       // every role, with what was refused and what is next
  std::optional<Walks> walks;          // none: all of them are refused
  std::string walks_refusal;           // why, of the best; empty with walks
  std::vector<std::string> followers;  // programs that keep the list of followed processes
  std::string run_by_user;  // counts grouped calls that ended, or kStorageCheck; or empty
  Knobs knobs;              // those that go with these hooks

  // All of them, each once; none where no role has a hook.
  [[nodiscard]] std::vector<std::string> programs() const;

  // The programs of one role alone, to see whether they are accepted; without those that another
  // role brings.
  [[nodiscard]] Plan dry_run_of(Role role) const;

  // Whether another plan can be made when this program is refused.
  [[nodiscard]] bool can_do_without(std::string_view program) const;
};

Plan plan_for(HookMode mode, const SkipRisk& risk, Scope scope, const Refusals& refused);

// The programs of all roles, each once, those of the first role first.
std::vector<std::string> programs_of(const std::vector<HookStatus>& hooks);

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
// Why no hook fills a role, in one word: what the metrics say. The kernel's own words, which are
// any text, are the doctor's.
#pragma once

#include <vector>

#include "agent/model/diagnosis.h"
#include "agent/model/hook.h"

namespace fusescope {

// HookAttempt::reason of a hook that was not tried, because that role has none.
inline constexpr const char* kNeedsAllocated = "needs the role allocated";

// What else there is to know of a refusal.
struct HookConditions {
  KernelFacts kernel;
  bool has_privileges = true;  // all capabilities that hooks need here
};

// Ordered by what is surest to be of use: of the refusals of several alternatives the first one
// tells.
enum class HookReason {
  fuse_not_loaded,  // FUSE is a module, and comes later
  not_permitted,    // the agent lacks a capability
  lockdown,         // lockdown=confidentiality forbids it
  no_tracefs,       // kprobes are there, but tracefs is not mounted, or cannot be written
  not_asked_for,    // --hooks= leaves out the hooks that there are
  verifier,         // the kernel does not accept the program
  refused,          // the kernel forbids it, and no right would change that
  no_btf,           // the kernel does not describe the types of FUSE
  absent,           // the kernel has no such function or tracepoint, or no kprobes
  other,
};
const char* name_of(HookReason reason);

// Of a role that has no hook, among all roles.
HookReason reason_of(const HookStatus& status, const std::vector<HookStatus>& all,
                     const HookConditions& conditions);

}  // namespace fusescope

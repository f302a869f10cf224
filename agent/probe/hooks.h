// SPDX-License-Identifier: Apache-2.0
// Which BPF programs fill which role. Each role has alternatives, best first; which one is taken is
// decided by a real load and attach, never by the kernel's version.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "agent/model/diagnosis.h"
#include "agent/model/hook.h"

namespace fusescope {

struct HookAlternative {
  Role role;
  HookMode mode;
  std::span<const std::string_view> programs;  // attached all, or the alternative is refused
  std::span<const std::string_view> also;      // attached each if its function is there
  std::string_view needs;                      // what it attaches to, and since when that exists
  // The programs have typed pointers: bpf/attach/attach_typed.bpf.c.
  bool is_typed;
};

// All alternatives; of each role the best first.
std::span<const HookAlternative> hook_alternatives();

// What to try for a role, in this order. Where the choice is free, alternatives that the kernel may
// skip come after the others, and an estimate after those.
std::vector<HookAlternative> alternatives_to_try(Role role, HookMode asked_for,
                                                 const SkipRisk& risk);

// Whether the kernel may skip programs of this mode.
bool is_at_risk(HookMode mode, const SkipRisk& risk);

// Whether a hook's program has typed pointers: HookAlternative::is_typed.
bool has_typed_pointers(std::string_view program);

// Whether the alternative hooks the functions of a call, and does not group requests as they are
// sent. Such a call needs the role "allocated".
bool hooks_the_call(const HookAlternative& alternative);

// Whether what the alternative tells is partly an estimate.
bool is_estimate(const HookAlternative& alternative);

}  // namespace fusescope

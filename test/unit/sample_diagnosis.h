// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>

#include "agent/model/diagnosis.h"

namespace fusescope {

inline constexpr const char* kRefusal = "load: Operation not permitted";

// A role for which one hook was refused, and another was not unless the role is missing.
inline HookStatus hook_status(Role role, RoleState state) {
  HookStatus status;
  status.role = role;
  status.attempts = {{.mode = HookMode::fentry,
                      .needs = "function bad",
                      .reason = kRefusal,
                      .program = std::string("fentry_") + name_of(role)}};
  status.exact = state != RoleState::estimate;
  status.may_skip = state == RoleState::lossy;
  if (state == RoleState::missing) {
    status.reason = std::string("function bad: ") + kRefusal;
    return status;
  }
  status.mode = HookMode::kprobe;
  status.programs = {std::string("kprobe_") + name_of(role)};
  status.attempts.push_back(
      {.mode = HookMode::kprobe, .needs = "function good", .reason = "", .program = ""});
  return status;
}

inline Diagnosis healthy_diagnosis() {
  Diagnosis diagnosis;
  diagnosis.kernel = {.release = "6.12.1",
                      .version = "#1 SMP PREEMPT_DYNAMIC",
                      .has_types = true,
                      .fuse = FuseDriver::built_in,
                      .fuse_types = FuseTypes::of_kernel,
                      .lockdown = "none",
                      .kprobe_events = KprobeEvents::writable,
                      .perf_event_paranoid = 2,
                      .unprivileged_bpf_disabled = 2,
                      .bpf_stats_enabled = 0,
                      .max_pages_limit = 256};
  diagnosis.capabilities = {{"CAP_BPF", true, Loss::nothing, ""},
                            {"CAP_SYS_ADMIN", false, Loss::nothing, ""}};
  for (const Role role : {Role::allocated, Role::sent, Role::taken, Role::ended, Role::call}) {
    diagnosis.roles.push_back(hook_status(role, RoleState::exact));
  }
  return diagnosis;
}

inline HookStatus& role_of(Diagnosis& diagnosis, Role role) {
  return *std::ranges::find(diagnosis.roles, role, &HookStatus::role);
}

}  // namespace fusescope

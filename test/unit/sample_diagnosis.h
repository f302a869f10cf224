// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>

#include "agent/model/diagnosis.h"

namespace fusescope {

inline constexpr const char* kRefusal = "load: Operation not permitted";

// A role for which one hook was refused, and another was not unless the role is missing.
inline HookStatus hook_status(const std::string& role, RoleState state) {
  HookStatus status;
  status.role = role;
  status.attempts = {
      {.mode = "fentry", .needs = "function bad", .reason = kRefusal, .program = "fentry_" + role}};
  status.exact = state != RoleState::estimate;
  status.may_skip = state == RoleState::lossy;
  if (state == RoleState::missing) {
    status.reason = std::string("function bad: ") + kRefusal;
    return status;
  }
  status.mode = "kprobe";
  status.programs = {"kprobe_" + role};
  status.attempts.push_back(
      {.mode = "kprobe", .needs = "function good", .reason = "", .program = ""});
  return status;
}

inline Diagnosis healthy_diagnosis() {
  Diagnosis diagnosis;
  diagnosis.hook_mode = "auto";
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
  for (const char* role : {"allocated", "sent", "taken", "ended", "call"}) {
    const bool is_required = role == std::string("sent") || role == std::string("ended");
    diagnosis.roles.push_back({hook_status(role, RoleState::exact), is_required});
  }
  return diagnosis;
}

inline RoleFinding& role_of(Diagnosis& diagnosis, const std::string& role) {
  return *std::ranges::find_if(
      diagnosis.roles, [&](const RoleFinding& finding) { return finding.status.role == role; });
}

}  // namespace fusescope

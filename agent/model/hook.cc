// SPDX-License-Identifier: Apache-2.0
#include "agent/model/hook.h"

#include <algorithm>
#include <iterator>

#include "agent/base/enum_name.h"

namespace fusescope {
namespace {

constexpr const char* kNothingCounted = "nothing can be counted";

// What is absent from the metrics without the role.
const char* missed_without(Role role) {
  switch (role) {
    case Role::allocated: return "functions of I/O calls cannot be hooked: see call";
    case Role::blocked:
      return "time before a request is sent, when max_background are in use: no phase blocked";
    case Role::sent: return kNothingCounted;
    case Role::taken: return "time in the queue and in the daemon: no phases queued and service";
    case Role::ended: return kNothingCounted;
    case Role::call: return "I/O calls, splits and their causes: no fuse_io_*";
  }
  not_of_enum(role);
}

// Only calls are ever estimated.
constexpr const char* kEstimated =
    "I/O calls that send no request (page cache hits); calls are grouped from their requests";

constexpr const char* kSkipped =
    "what comes while its program is preempted on that CPU: skipped, and counted in "
    "fusescope_lost_events_total";

template <class Condition>
std::vector<HookStatus> those(const std::vector<HookStatus>& hooks, Condition condition) {
  std::vector<HookStatus> found;
  std::ranges::copy_if(hooks, std::back_inserter(found), condition);
  return found;
}

}  // namespace

const char* name_of(Role role) {
  switch (role) {
    case Role::allocated: return "allocated";
    case Role::blocked: return "blocked";
    case Role::sent: return "sent";
    case Role::taken: return "taken";
    case Role::ended: return "ended";
    case Role::call: return "call";
  }
  not_of_enum(role);
}

bool is_required(Role role) { return role == Role::sent || role == Role::ended; }

const char* name_of(HookMode mode) {
  switch (mode) {
    case HookMode::automatic: return "auto";
    case HookMode::fentry: return "fentry";
    case HookMode::kprobe: return "kprobe";
    case HookMode::tracepoint: return "tracepoint";
  }
  not_of_enum(mode);
}

std::optional<HookMode> hook_mode_of(std::string_view name) {
  for (const HookMode mode : kHookModes) {
    if (name_of(mode) == name) return mode;
  }
  return std::nullopt;
}

const HookStatus* find(const std::vector<HookStatus>& hooks, Role role) {
  const auto found = std::ranges::find(hooks, role, &HookStatus::role);
  return found == hooks.end() ? nullptr : &*found;
}

bool is_filled(const std::vector<HookStatus>& hooks, Role role) {
  const HookStatus* status = find(hooks, role);
  return status && !status->programs.empty();
}

const HookStatus* find_unfilled_required(const std::vector<HookStatus>& hooks) {
  const auto found = std::ranges::find_if(hooks, [](const HookStatus& each) {
    return is_required(each.role) && state_of(each) == RoleState::missing;
  });
  return found == hooks.end() ? nullptr : &*found;
}

RoleState state_of(const HookStatus& status) {
  if (!status.mode) return RoleState::missing;
  if (!status.exact) return RoleState::estimate;
  return status.may_skip ? RoleState::lossy : RoleState::exact;
}

const char* name_of(RoleState state) {
  switch (state) {
    case RoleState::exact: return "exact";
    case RoleState::lossy: return "lossy";
    case RoleState::estimate: return "estimate";
    case RoleState::missing: return "missing";
  }
  not_of_enum(state);
}

std::string hook_of(const HookStatus& status) {
  if (!status.mode) return "";
  const auto used = std::ranges::find(status.attempts, "", &HookAttempt::reason);
  return used == status.attempts.end() ? "" : used->needs;
}

std::string unseen_of(const HookStatus& status) {
  switch (state_of(status)) {
    case RoleState::exact: return "";
    case RoleState::lossy: return kSkipped;
    case RoleState::estimate: return kEstimated;
    case RoleState::missing: return missed_without(status.role);
  }
  not_of_enum(state_of(status));
}

std::vector<HookStatus> inexact_of(const std::vector<HookStatus>& hooks) {
  return those(hooks, [](const HookStatus& each) { return state_of(each) != RoleState::exact; });
}

std::vector<HookStatus> counting_of(const std::vector<HookStatus>& hooks) {
  return those(hooks, [](const HookStatus& each) {
    return is_required(each.role) || each.role == Role::call;
  });
}

}  // namespace fusescope

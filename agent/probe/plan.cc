// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/plan.h"

#include <algorithm>
#include <string_view>

#include "agent/model/hook_reason.h"

namespace fusescope {
namespace {

constexpr Walks kWalks[] = {{"list_devices", "refresh_connections"},
                            {"untyped_list_devices", "untyped_refresh_connections"}};
constexpr std::string_view kEndedCallsProgram = "settle_calls";

// Without kernel functions, of every kernel.
constexpr const char* kFollowers[] = {"follow_fork", "follow_free"};

constexpr const char* kAtRisk =
    "not tried: this kernel is preemptible, and skips a program that a preempted thread is in";

HookAttempt attempt_of(const HookAlternative& alternative, std::string reason,
                       std::string_view program = "") {
  return {.mode = alternative.mode,
          .needs = std::string(alternative.needs),
          .reason = std::move(reason),
          .program = std::string(program)};
}

class Chooser {
 public:
  Chooser(HookMode mode, const SkipRisk& risk, const Refusals& refused)
      : mode_(mode), risk_(risk), refused_(refused) {}

  HookStatus choose(Role role) {
    HookStatus status;
    status.role = role;
    for (const HookAlternative& alternative : alternatives_to_try(role, mode_, risk_)) {
      if (status.mode) {
        pass_over(status, alternative);
        continue;
      }
      status.attempts.push_back(known_of(alternative));
      if (status.attempts.back().reason.empty()) fill(status, alternative);
    }
    if (!status.mode) status.reason = reason_for_none(status);
    return status;
  }

 private:
  [[nodiscard]] HookAttempt known_of(const HookAlternative& alternative) const {
    if (hooks_the_call(alternative) && !allocated_) {
      return attempt_of(alternative, kNeedsAllocated);
    }
    std::vector<std::string_view> programs(alternative.programs.begin(),
                                           alternative.programs.end());
    if (is_estimate(alternative)) programs.push_back(kEndedCallsProgram);
    for (const std::string_view program : programs) {
      const auto found = refused_.find(program);
      if (found != refused_.end()) return attempt_of(alternative, found->second, program);
    }
    return attempt_of(alternative, "");
  }

  // Those at risk are better alternatives otherwise: why they are not taken is told.
  void pass_over(HookStatus& status, const HookAlternative& alternative) const {
    if (!is_at_risk(alternative.mode, risk_)) return;
    status.attempts.push_back(attempt_of(alternative, kAtRisk));
  }

  void fill(HookStatus& status, const HookAlternative& alternative) {
    status.mode = alternative.mode;
    status.exact = !is_estimate(alternative);
    status.may_skip = is_at_risk(alternative.mode, risk_);
    status.programs.assign(alternative.programs.begin(), alternative.programs.end());
    for (const std::string_view program : alternative.also) {
      if (!refused_.contains(program)) status.programs.emplace_back(program);
    }
    if (alternative.role == Role::allocated) allocated_ = true;
  }

  [[nodiscard]] std::string reason_for_none(const HookStatus& status) const {
    if (status.attempts.empty()) {
      return "no hook of mode " + std::string(name_of(mode_)) + " is known for it";
    }
    const HookAttempt& last = status.attempts.back();
    const std::string program = last.program.empty() ? "" : "program " + last.program + ": ";
    return last.needs + ": " + program + last.reason;
  }

  HookMode mode_;
  SkipRisk risk_;
  const Refusals& refused_;
  bool allocated_ = false;
};

Knobs knobs_for(const std::vector<HookStatus>& hooks, Scope scope, const Refusals& refused) {
  Knobs knobs{.follows_processes = scope == Scope::followed_processes,
              .counts_processes = scope == Scope::host_by_process};
  knobs.calls_are_hooked = is_filled(hooks, Role::call) && find(hooks, Role::call)->exact;
  knobs.blocked_is_hooked = is_filled(hooks, Role::blocked);
  // An untyped program can find the calls of its thread only by the thread's id; all programs must
  // then look there.
  const bool all_are_typed = std::ranges::all_of(programs_of(hooks), has_typed_pointers);
  knobs.calls_by_thread_id =
      knobs.calls_are_hooked && (!all_are_typed || refused.contains(kStorageCheck));
  return knobs;
}

std::optional<Walks> walks_for(const Refusals& refused) {
  for (const Walks& walks : kWalks) {
    if (!refused.contains(walks.device_list) && !refused.contains(walks.connection_walk)) {
      return walks;
    }
  }
  return std::nullopt;
}

std::string refusal_of(const Walks& walks, const Refusals& refused) {
  for (const char* program : {walks.device_list, walks.connection_walk}) {
    const auto found = refused.find(program);
    if (found != refused.end()) return "program " + found->first + ": " + found->second;
  }
  return "";
}

}  // namespace

std::vector<std::string> programs_of(const std::vector<HookStatus>& hooks) {
  std::vector<std::string> programs;
  for (const HookStatus& status : hooks) {
    for (const std::string& program : status.programs) {
      if (std::ranges::find(programs, program) == programs.end()) programs.push_back(program);
    }
  }
  return programs;
}

std::vector<std::string> Plan::programs() const {
  std::vector<std::string> programs = programs_of(hooks);
  if (programs.empty()) return programs;
  if (walks) programs.insert(programs.end(), {walks->device_list, walks->connection_walk});
  if (!run_by_user.empty()) programs.push_back(run_by_user);
  programs.insert(programs.end(), followers.begin(), followers.end());
  return programs;
}

Plan Plan::dry_run_of(Role role) const {
  Plan dry_run;
  dry_run.hooks = {*find(hooks, role)};
  for (const HookStatus& other : hooks) {
    if (other.role == role) continue;
    std::erase_if(dry_run.hooks.front().programs, [&](const std::string& program) {
      return std::ranges::find(other.programs, program) != other.programs.end();
    });
  }
  dry_run.knobs = knobs;
  dry_run.knobs.is_dry_run = true;
  return dry_run;
}

bool Plan::can_do_without(std::string_view program) const {
  return std::ranges::find(followers, program) == followers.end();
}

Plan plan_for(HookMode mode, const SkipRisk& risk, Scope scope, const Refusals& refused) {
  Chooser chooser(mode, risk, refused);
  Plan plan;
  for (const Role role : kRoles) plan.hooks.push_back(chooser.choose(role));
  plan.walks = walks_for(refused);
  if (!plan.walks) plan.walks_refusal = refusal_of(kWalks[0], refused);
  if (scope == Scope::followed_processes) {
    plan.followers.assign(std::begin(kFollowers), std::end(kFollowers));
  }
  plan.knobs = knobs_for(plan.hooks, scope, refused);
  if (plan.knobs.calls_are_hooked) {
    if (!plan.knobs.calls_by_thread_id) plan.run_by_user = kStorageCheck;
  } else if (is_filled(plan.hooks, Role::call)) {
    plan.run_by_user = kEndedCallsProgram;
  }
  return plan;
}

}  // namespace fusescope

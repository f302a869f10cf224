// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace fusescope {
namespace {

constexpr SkipRisk kNoRisk{};

Plan plan_of(HookMode mode, const Refusals& refused = {}) {
  return plan_for(mode, kNoRisk, Scope::host, refused);
}

const HookStatus& role(const Plan& plan, Role role) { return *find(plan.hooks, role); }

bool loads(const Plan& plan, std::string_view program) {
  const auto programs = plan.programs();
  return std::ranges::find(programs, program) != programs.end();
}

// All that begin so, as where a kernel has no such hooks.
Refusals refusals_of(std::string_view prefix) {
  Refusals refused;
  for (const HookAlternative& each : hook_alternatives()) {
    for (const auto programs : {each.programs, each.also}) {
      for (const std::string_view program : programs) {
        if (program.starts_with(prefix)) refused.emplace(program, "refused");
      }
    }
  }
  return refused;
}

TEST(Plan, TakesTheBestAlternativeOfEachRole) {
  const Plan plan = plan_of(HookMode::automatic);
  EXPECT_EQ(role(plan, Role::sent).mode, HookMode::tracepoint);
  EXPECT_EQ(role(plan, Role::call).mode, HookMode::fentry);
  EXPECT_TRUE(plan.knobs.calls_are_hooked);
  EXPECT_TRUE(plan.knobs.blocked_is_hooked);
  EXPECT_FALSE(plan.knobs.calls_by_thread_id);
  EXPECT_TRUE(loads(plan, kStorageCheck));
  EXPECT_TRUE(loads(plan, "list_devices"));
  EXPECT_FALSE(loads(plan, "settle_calls"));
}

TEST(Plan, LoadsEachProgramOnce) {
  auto programs = plan_of(HookMode::tracepoint).programs();
  std::ranges::sort(programs);
  EXPECT_EQ(std::ranges::adjacent_find(programs), programs.end());
}

TEST(Plan, GoesOnToTheNextAlternativeAndKeepsTheReason) {
  const Plan plan = plan_of(HookMode::automatic, {{"tracepoint_request_sent", "not here"}});
  const HookStatus& sent = role(plan, Role::sent);
  EXPECT_EQ(sent.mode, HookMode::fentry);
  EXPECT_EQ(sent.attempts.front().program, "tracepoint_request_sent");
  EXPECT_EQ(sent.attempts.front().reason, "not here");
  EXPECT_EQ(sent.attempts.back().reason, "");
}

TEST(Plan, LeavesOutWhatAnAlternativeCanDoWithout) {
  const Plan plan = plan_of(HookMode::fentry, {{"fentry_splice_entered", "no such function"}});
  EXPECT_EQ(role(plan, Role::call).mode, HookMode::fentry);
  EXPECT_FALSE(loads(plan, "fentry_splice_entered"));
  EXPECT_TRUE(loads(plan, "fentry_splice_left"));
}

TEST(Plan, FindsCallsByThreadWhereThreadsHaveNoStorage) {
  const Plan plan = plan_of(HookMode::fentry, {{std::string(kStorageCheck), "none"}});
  EXPECT_TRUE(plan.knobs.calls_by_thread_id);
  EXPECT_FALSE(loads(plan, kStorageCheck));
}

TEST(Plan, HooksNoCallWithoutTheRoleAllocated) {
  const Plan plan = plan_of(HookMode::kprobe, refusals_of("kprobe_background_allocated"));
  EXPECT_EQ(role(plan, Role::call).mode, HookMode::kprobe);  // the guarded alternative
  Refusals none = refusals_of("kprobe_background_allocated");
  none.merge(refusals_of("kprobe_guarded_background_allocated"));
  EXPECT_FALSE(role(plan_of(HookMode::kprobe, none), Role::call).mode);
}

TEST(Plan, GroupsCallsOnlyWithWhatCountsThemWhenEnded) {
  const Plan plan = plan_of(HookMode::tracepoint);
  EXPECT_EQ(role(plan, Role::call).mode, HookMode::tracepoint);
  EXPECT_TRUE(loads(plan, "settle_calls"));
  const Plan without = plan_of(HookMode::tracepoint, {{"settle_calls", "refused"}});
  EXPECT_FALSE(role(without, Role::call).mode);
  EXPECT_EQ(role(without, Role::call).attempts.back().program, "settle_calls");
  EXPECT_EQ(role(without, Role::sent).mode, HookMode::tracepoint);
  EXPECT_FALSE(loads(without, "settle_calls"));
}

TEST(Plan, LoadsNothingWhereAllIsRefused) {
  Refusals all;
  for (const char* prefix : {"tracepoint_", "fentry_", "kprobe_"}) all.merge(refusals_of(prefix));
  EXPECT_TRUE(plan_of(HookMode::automatic, all).programs().empty());
}

TEST(Plan, TakesOtherWalksOrNone) {
  EXPECT_TRUE(loads(plan_of(HookMode::automatic, {{"list_devices", "?"}}), "untyped_list_devices"));
  const Plan none =
      plan_of(HookMode::automatic, {{"list_devices", "no"}, {"untyped_refresh_connections", "?"}});
  EXPECT_FALSE(none.walks);
  EXPECT_EQ(none.walks_refusal, "program list_devices: no");
}

TEST(Plan, CannotDoWithoutTheFollowersOfProcesses) {
  const Plan plan = plan_for(HookMode::automatic, kNoRisk, Scope::followed_processes, {});
  EXPECT_TRUE(plan.knobs.follows_processes);
  EXPECT_TRUE(loads(plan, "follow_fork"));
  EXPECT_FALSE(plan.can_do_without("follow_fork"));
  EXPECT_TRUE(plan.can_do_without("tracepoint_request_sent"));
}

TEST(Plan, TriesARoleWithoutWhatOthersBring) {
  const Plan plan = plan_of(HookMode::tracepoint);
  EXPECT_TRUE(plan.dry_run_of(Role::call).programs().empty());  // it is what "sent" has
  const Plan ended = plan.dry_run_of(Role::ended);
  EXPECT_EQ(ended.programs(), std::vector<std::string>{"tracepoint_request_ended"});
  EXPECT_TRUE(ended.knobs.is_dry_run);
}

}  // namespace
}  // namespace fusescope

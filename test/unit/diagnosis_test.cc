// SPDX-License-Identifier: Apache-2.0
#include "agent/model/diagnosis.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "test/unit/sample_diagnosis.h"

namespace fusescope {
namespace {

Diagnosis with_state(Role role, RoleState state) {
  Diagnosis diagnosis = healthy_diagnosis();
  role_of(diagnosis, role) = hook_status(role, state);
  return diagnosis;
}

bool has_way_out(const Diagnosis& diagnosis, const std::string& words) {
  return std::ranges::any_of(ways_out(diagnosis), [&](const std::string& way) {
    return way.find(words) != std::string::npos;
  });
}

TEST(Verdict, WorksIfEveryRoleIsExact) {
  EXPECT_EQ(verdict_of(healthy_diagnosis()), Verdict::works);
  EXPECT_TRUE(ways_out(healthy_diagnosis()).empty());
}

TEST(Verdict, IsDegradedIfARoleIsMissingOrAnEstimate) {
  EXPECT_EQ(verdict_of(with_state(Role::taken, RoleState::missing)), Verdict::degraded);
  EXPECT_EQ(verdict_of(with_state(Role::call, RoleState::missing)), Verdict::degraded);
  EXPECT_EQ(verdict_of(with_state(Role::call, RoleState::estimate)), Verdict::degraded);
}

TEST(Verdict, IsDegradedIfProgramsMayBeSkipped) {
  EXPECT_EQ(verdict_of(with_state(Role::sent, RoleState::lossy)), Verdict::degraded);
}

TEST(Verdict, IsUnusableWithoutARequiredRole) {
  EXPECT_EQ(verdict_of(with_state(Role::sent, RoleState::missing)), Verdict::unusable);
  EXPECT_EQ(verdict_of(with_state(Role::ended, RoleState::missing)), Verdict::unusable);
}

TEST(Verdict, IsUnusableIfNoHookCouldBeTried) {
  Diagnosis diagnosis = healthy_diagnosis();
  diagnosis.roles.clear();
  EXPECT_EQ(verdict_of(diagnosis), Verdict::unusable);
}

TEST(Verdict, IsTheExitCode) {
  EXPECT_EQ(static_cast<int>(Verdict::works), 0);
  EXPECT_EQ(static_cast<int>(Verdict::degraded), 1);
  EXPECT_EQ(static_cast<int>(Verdict::unusable), 2);
}

TEST(WaysOut, AreThereWheneverSomethingIsMissing) {
  EXPECT_EQ(ways_out(with_state(Role::taken, RoleState::missing)).size(), 1U);
  EXPECT_EQ(ways_out(Diagnosis{}).empty(), false);
}

TEST(WaysOut, NameNoMoreCapabilitiesThanAreNeeded) {
  Diagnosis diagnosis = with_state(Role::sent, RoleState::missing);
  diagnosis.capabilities = {{"CAP_A", false, Loss::all_hooks, "nothing works"},
                            {"CAP_B", false, Loss::all_hooks, "nothing works"},
                            {"CAP_C", false, Loss::some_hooks, "no kprobes"},
                            {"CAP_D", false, Loss::names, "no names"},
                            {"CAP_E", true, Loss::nothing, ""}};
  EXPECT_EQ(ways_out(diagnosis), std::vector<std::string>{"run it as root, or with CAP_A, CAP_B"});
  diagnosis.capabilities.erase(diagnosis.capabilities.begin(), diagnosis.capabilities.begin() + 2);
  EXPECT_EQ(ways_out(diagnosis), std::vector<std::string>{"run it as root, or with CAP_C"});
  diagnosis.capabilities.erase(diagnosis.capabilities.begin());
  EXPECT_FALSE(has_way_out(diagnosis, "root"));
}

TEST(WaysOut, FollowFromTheKernel) {
  Diagnosis diagnosis = with_state(Role::sent, RoleState::missing);
  const auto with = [&](auto change) {
    Diagnosis changed = diagnosis;
    change(changed);
    return changed;
  };
  EXPECT_TRUE(has_way_out(with([](auto& d) { d.kernel.has_types = false; }), "BTF"));
  EXPECT_TRUE(
      has_way_out(with([](auto& d) { d.kernel.fuse = FuseDriver::not_loaded; }), "modprobe fuse"));
  EXPECT_TRUE(has_way_out(with([](auto& d) { d.asked_for = HookMode::kprobe; }), "--hooks=auto"));
  EXPECT_TRUE(has_way_out(with([](auto& d) { d.kernel.lockdown = "confidentiality"; }),
                          "lockdown=integrity"));
  EXPECT_TRUE(has_way_out(with([](auto& d) { d.kernel.kprobe_events = KprobeEvents::no_tracefs; }),
                          "mount -t tracefs"));
  EXPECT_TRUE(
      has_way_out(with([](auto& d) { d.kernel.kprobe_events = KprobeEvents::not_built_in; }),
                  "CONFIG_KPROBE_EVENTS"));
  EXPECT_TRUE(has_way_out(with([](auto& d) { d.kernel.is_host_user_namespace = false; }),
                          "user namespace"));
}

TEST(WaysOut, DoNotMountATracefsThatLockdownEmpties) {
  Diagnosis diagnosis = with_state(Role::taken, RoleState::missing);
  diagnosis.kernel.kprobe_events = KprobeEvents::no_tracefs;
  diagnosis.kernel.lockdown = "confidentiality";
  EXPECT_FALSE(has_way_out(diagnosis, "mount -t tracefs"));
}

TEST(Roles, SayWhatIsNotSeenWithoutThem) {
  for (const Role role : kRoles) {
    EXPECT_NE(unseen_of(hook_status(role, RoleState::missing)), "") << name_of(role);
    EXPECT_NE(unseen_of(hook_status(role, RoleState::lossy)), "") << name_of(role);
    EXPECT_EQ(unseen_of(hook_status(role, RoleState::exact)), "") << name_of(role);
  }
  EXPECT_NE(unseen_of(hook_status(Role::call, RoleState::estimate)), "");
}

TEST(Roles, AreHookedToTheAlternativeThatWorked) {
  EXPECT_EQ(hook_of(hook_status(Role::sent, RoleState::exact)), "function good");
  EXPECT_EQ(hook_of(hook_status(Role::sent, RoleState::missing)), "");
}

TEST(Preemption, IsToldByTheVersion) {
  const auto preemption = [](const char* version) {
    return preemption_of({.release = "", .version = version});
  };
  EXPECT_EQ(preemption("#1 SMP PREEMPT_RT Debian"), "PREEMPT_RT");
  EXPECT_EQ(preemption("#1 SMP PREEMPT_DYNAMIC Debian"), "PREEMPT_DYNAMIC");
  EXPECT_EQ(preemption("#1 SMP PREEMPT_LAZY"), "PREEMPT_LAZY");
  EXPECT_EQ(preemption("#1 SMP PREEMPT Mon"), "PREEMPT");
  EXPECT_EQ(preemption("#1 SMP Debian"), "none or voluntary");
  EXPECT_EQ(preemption(""), "none or voluntary");
}

TEST(Preemption, HasAModeWhereThereAreSeveral) {
  EXPECT_EQ(preemption_of({.version = "#1 SMP PREEMPT_DYNAMIC", .preemption_mode = "lazy"}),
            "PREEMPT_DYNAMIC (lazy)");
}

TEST(SkipRisk, IsThatOfAPreemptibleKernel) {
  const auto fentry = [](const char* version, std::optional<std::string> mode = std::nullopt) {
    return skip_risk_of({.version = version, .preemption_mode = std::move(mode)}).fentry;
  };
  EXPECT_TRUE(fentry("#1 SMP PREEMPT_RT"));
  EXPECT_TRUE(fentry("#1 SMP PREEMPT"));
  EXPECT_TRUE(fentry("#1 SMP PREEMPT_LAZY"));
  EXPECT_FALSE(fentry("#1 SMP"));
  EXPECT_TRUE(fentry("#1 SMP PREEMPT_DYNAMIC", "full"));
  EXPECT_TRUE(fentry("#1 SMP PREEMPT_DYNAMIC", "lazy"));
  EXPECT_FALSE(fentry("#1 SMP PREEMPT_DYNAMIC", "voluntary"));
  EXPECT_FALSE(fentry("#1 SMP PREEMPT_DYNAMIC", "none"));
  EXPECT_TRUE(fentry("#1 SMP PREEMPT_DYNAMIC")) << "where it is not known, it may be";
}

TEST(SkipRisk, IsThatOfTracepointsSinceSeven) {
  const auto tracepoint = [](const char* release, const char* version) {
    return skip_risk_of({.release = release, .version = version}).tracepoint;
  };
  EXPECT_FALSE(tracepoint("6.19.3", "#1 SMP PREEMPT_RT"));
  EXPECT_TRUE(tracepoint("7.0.0-rc1", "#1 SMP PREEMPT_RT"));
  EXPECT_TRUE(tracepoint("10.1", "#1 SMP PREEMPT"));
  EXPECT_FALSE(tracepoint("7.2.13", "#1 SMP"));
  EXPECT_FALSE(tracepoint("", "#1 SMP PREEMPT"));
}

}  // namespace
}  // namespace fusescope

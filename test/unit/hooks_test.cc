// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/hooks.h"

#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fusescope_bpf.skel.h"

namespace fusescope {
namespace {

struct Destroy {
  void operator()(fusescope_bpf* object) const { fusescope_bpf::destroy(object); }
};
using BpfObject = std::unique_ptr<fusescope_bpf, Destroy>;

// Opened but not loaded, which needs no privileges.
BpfObject open_object() { return BpfObject(fusescope_bpf::open()); }

// Programs that user space runs by itself have no role.
// Of FUSE; those on tracepoints of the scheduler are in no role.
bool is_hook(const bpf_program* program) {
  const std::string_view section = bpf_program__section_name(program);
  return section != "syscall" && !section.starts_with("iter/") && !section.contains("/sched_");
}

bool contains(std::span<const std::string_view> programs, std::string_view program) {
  return std::ranges::find(programs, program) != programs.end();
}

// All that any alternative attaches.
std::set<std::string> all_programs() {
  std::set<std::string> programs;
  for (const HookAlternative& each : hook_alternatives()) {
    programs.insert(each.programs.begin(), each.programs.end());
    programs.insert(each.also.begin(), each.also.end());
  }
  return programs;
}

// attach_typed.bpf.c or one of the others.
bool is_typed_by_name(std::string_view program) {
  return !program.starts_with("kprobe_") && !program.starts_with("fentry_untyped_");
}

bool has_alternative(Role role) {
  return std::ranges::any_of(hook_alternatives(),
                             [&](const HookAlternative& each) { return each.role == role; });
}

TEST(HookAlternatives, ExistForEveryRequiredRole) {
  for (const Role role : kRoles) {
    EXPECT_TRUE(has_alternative(role) || !is_required(role)) << name_of(role);
  }
}

TEST(HookAlternatives, AttachAProgramOnceForARole) {
  std::set<std::pair<Role, std::string_view>> seen;
  for (const HookAlternative& each : hook_alternatives()) {
    for (const std::string_view program : each.programs) {
      EXPECT_TRUE(seen.emplace(each.role, program).second) << program;
    }
    for (const std::string_view program : each.also) {
      EXPECT_FALSE(contains(each.programs, program)) << program;
    }
  }
}

TEST(HookAlternatives, AttachSomethingAndSayWhatTheyNeed) {
  for (const HookAlternative& each : hook_alternatives()) {
    ASSERT_FALSE(each.programs.empty()) << each.needs;
    EXPECT_FALSE(each.needs.empty()) << each.programs[0];
    EXPECT_NE(each.mode, HookMode::automatic) << each.programs[0];
  }
}

TEST(HookAlternatives, HaveProgramsThatAreNamedByMode) {
  for (const HookAlternative& each : hook_alternatives()) {
    const std::string mode(name_of(each.mode));
    for (const std::string_view program : each.programs) {
      EXPECT_TRUE(program.starts_with(mode + "_")) << program;
      EXPECT_EQ(is_typed_by_name(program), each.is_typed) << program;
    }
    for (const std::string_view program : each.also) {
      EXPECT_EQ(is_typed_by_name(program), each.is_typed) << program;
    }
  }
}

TEST(HookAlternatives, NameProgramsOfTheBpfObject) {
  const BpfObject object = open_object();
  ASSERT_TRUE(object);
  for (const std::string& name : all_programs()) {
    EXPECT_TRUE(bpf_object__find_program_by_name(object->obj, name.c_str())) << name;
  }
}

TEST(HookAlternatives, LeaveOutNoHookOfTheBpfObject) {
  const BpfObject object = open_object();
  ASSERT_TRUE(object);
  const std::set<std::string> programs = all_programs();
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object->obj) {
    const std::string name = bpf_program__name(program);
    EXPECT_EQ(programs.contains(name), is_hook(program)) << name;
  }
}

TEST(HookModes, HaveNamesThatLeadBackToThem) {
  for (const char* name : {"auto", "fentry", "kprobe", "tracepoint"}) {
    const auto mode = hook_mode_of(name);
    ASSERT_TRUE(mode) << name;
    EXPECT_STREQ(name_of(*mode), name);
  }
  for (const char* name : {"", "Auto", "kretprobe", "auto "}) EXPECT_FALSE(hook_mode_of(name));
}

std::vector<HookMode> modes_to_try(Role role, HookMode asked_for, const SkipRisk& risk) {
  std::vector<HookMode> modes;
  for (const auto& each : alternatives_to_try(role, asked_for, risk)) modes.push_back(each.mode);
  const auto repeated = std::ranges::unique(modes);
  modes.erase(repeated.begin(), repeated.end());
  return modes;
}

TEST(HookModes, ChooseTheirOwnAlternativesAndAutoAll) {
  using enum HookMode;
  EXPECT_EQ(modes_to_try(Role::sent, automatic, {}), (std::vector{tracepoint, fentry, kprobe}));
  EXPECT_EQ(modes_to_try(Role::call, automatic, {}), (std::vector{fentry, kprobe, tracepoint}));
  for (const HookMode mode : {fentry, kprobe, tracepoint}) {
    EXPECT_EQ(modes_to_try(Role::ended, mode, {}), std::vector{mode});
  }
  EXPECT_TRUE(modes_to_try(Role::allocated, tracepoint, {}).empty());
}

TEST(HookModes, ThatTheKernelMaySkipComeLast) {
  using enum HookMode;
  EXPECT_EQ(modes_to_try(Role::sent, automatic, {.fentry = true}),
            (std::vector{tracepoint, kprobe, fentry}));
  EXPECT_EQ(modes_to_try(Role::sent, automatic, {.fentry = true, .tracepoint = true}),
            (std::vector{kprobe, tracepoint, fentry}));
  EXPECT_EQ(modes_to_try(Role::call, automatic, {.fentry = true, .tracepoint = true}),
            (std::vector{kprobe, fentry, tracepoint}));
  EXPECT_EQ(modes_to_try(Role::call, automatic, {.fentry = true}),
            (std::vector{kprobe, fentry, tracepoint}));
  EXPECT_EQ(modes_to_try(Role::sent, fentry, {.fentry = true}), std::vector{fentry});
}

TEST(HookAlternatives, HookTheCallUnlessItIsFoundAsItsRequestsAreSent) {
  for (const HookAlternative& each : hook_alternatives()) {
    const bool hooks = each.role == Role::call && each.mode != HookMode::tracepoint;
    EXPECT_EQ(hooks_the_call(each), hooks) << each.needs;
  }
}

TEST(Roles, AreAllListedOnce) {
  const std::set<Role> roles(kRoles.begin(), kRoles.end());
  EXPECT_EQ(roles, (std::set{Role::allocated, Role::blocked, Role::sent, Role::taken, Role::ended,
                             Role::call}));
  EXPECT_EQ(kRoles.size(), roles.size());
}

TEST(Roles, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const Role role : kRoles) {
    EXPECT_TRUE(names.insert(name_of(role)).second) << name_of(role);
  }
}

TEST(Roles, AreRequiredWhereNothingCanBeCountedWithoutThem) {
  EXPECT_TRUE(is_required(Role::sent));
  EXPECT_TRUE(is_required(Role::ended));
  EXPECT_FALSE(is_required(Role::allocated));
  EXPECT_FALSE(is_required(Role::taken));
  EXPECT_FALSE(is_required(Role::call));
}

}  // namespace
}  // namespace fusescope

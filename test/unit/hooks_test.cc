// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/hooks.h"

#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "fusescope_bpf.skel.h"

namespace fusescope {
namespace {

struct Destroy {
  void operator()(fusescope_bpf* object) const { fusescope_bpf::destroy(object); }
};
using BpfObject = std::unique_ptr<fusescope_bpf, Destroy>;

// Opened but not loaded, which needs no rights.
BpfObject open_object() { return BpfObject(fusescope_bpf::open()); }

// Programs that user space runs by itself have no role.
bool is_hook(const bpf_program* program) {
  const std::string_view section = bpf_program__section_name(program);
  return section != "syscall" && !section.starts_with("iter/");
}

bool has_alternative(Role role) {
  return std::ranges::any_of(hook_alternatives(),
                             [&](const HookAlternative& each) { return each.role == role; });
}

TEST(HookAlternatives, AreOrderedByRole) {
  EXPECT_TRUE(std::ranges::is_sorted(hook_alternatives(), {}, &HookAlternative::role));
}

TEST(HookAlternatives, ExistForEveryRequiredRole) {
  for (const Role role : all_roles()) {
    EXPECT_TRUE(has_alternative(role) || !is_required(role)) << role_name(role);
  }
}

TEST(HookAlternatives, NameAProgramOnceForARole) {
  std::set<std::pair<Role, std::string_view>> seen;
  for (const HookAlternative& each : hook_alternatives()) {
    EXPECT_TRUE(seen.emplace(each.role, each.program).second) << each.program;
  }
}

TEST(HookAlternatives, SayTheirModeAndWhatTheyNeed) {
  for (const HookAlternative& each : hook_alternatives()) {
    EXPECT_FALSE(each.needs.empty()) << each.program;
    EXPECT_FALSE(each.mode.empty()) << each.program;
    EXPECT_TRUE(each.program.starts_with(std::string(each.mode) + "_")) << each.program;
  }
}

TEST(HookAlternatives, NameProgramsOfTheBpfObject) {
  const BpfObject object = open_object();
  ASSERT_TRUE(object);
  for (const HookAlternative& each : hook_alternatives()) {
    const std::string name(each.program);
    EXPECT_TRUE(bpf_object__find_program_by_name(object->obj, name.c_str())) << name;
  }
}

TEST(HookAlternatives, LeaveOutNoHookOfTheBpfObject) {
  const BpfObject object = open_object();
  ASSERT_TRUE(object);
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object->obj) {
    const std::string_view name = bpf_program__name(program);
    const bool is_named = std::ranges::find(hook_alternatives(), name, &HookAlternative::program) !=
                          hook_alternatives().end();
    EXPECT_EQ(is_named, is_hook(program)) << name;
  }
}

TEST(Roles, AreAllListedOnce) {
  const std::set<Role> roles(all_roles().begin(), all_roles().end());
  EXPECT_EQ(roles, (std::set{Role::allocated, Role::sent, Role::taken, Role::ended, Role::call}));
  EXPECT_EQ(all_roles().size(), roles.size());
}

TEST(Roles, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const Role role : all_roles()) {
    EXPECT_NE(role_name(role), "unknown");
    EXPECT_TRUE(names.insert(role_name(role)).second) << role_name(role);
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

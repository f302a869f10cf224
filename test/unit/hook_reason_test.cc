// SPDX-License-Identifier: Apache-2.0
#include "agent/model/hook_reason.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fusescope {
namespace {

HookConditions conditions() {
  return {.kernel = {.has_types = true,
                     .fuse = FuseDriver::built_in,
                     .fuse_types = FuseTypes::of_kernel,
                     .kprobe_events = KprobeEvents::writable}};
}

HookStatus role_of(const std::vector<HookAttempt>& attempts, Role role = Role::taken) {
  return {.role = role, .programs = {}, .attempts = attempts, .reason = "text"};
}

HookAttempt attempt(const std::string& reason, HookMode mode = HookMode::kprobe) {
  return {.mode = mode, .needs = "function f", .reason = reason, .program = "p"};
}

std::string reason(const std::vector<HookAttempt>& attempts, const HookConditions& given) {
  const std::vector all = {role_of(attempts)};
  return name_of(reason_of(all.front(), all, given));
}

// As the agent has been told by the kernels that it was tried on.
TEST(HookReason, IsOneWordForEachTextOfAKernel) {
  for (const auto& [text, word] : std::vector<std::pair<std::string, std::string>>{
           {"attach: No such file or directory: failed to create kprobe 'x' perf event: No such "
            "file or directory",
            "absent"},
           {"load: No such process: failed to find kernel BTF type ID of 'x': -3", "absent"},
           {"write /sys/kernel/tracing/kprobe_events: No such file or directory: mount tracefs "
            "there",
            "no_tracefs"},
           {"load: Operation not permitted", "refused"},
           {"load: Permission denied: R1 invalid mem access 'scalar'", "verifier"},
           {"load: Invalid argument: unknown func bpf_loop#181", "verifier"},
           {"load: Argument list too long: BPF program is too large", "verifier"},
           {"load: Weather too bad", "other"},
           {"", "other"}}) {
    EXPECT_EQ(reason({attempt(text)}, conditions()), word) << text;
  }
}

TEST(HookReason, DependsOnTheRightsAndOnLockdown) {
  const std::vector refused = {attempt("load: Operation not permitted")};
  HookConditions given = conditions();
  given.kernel.lockdown = "confidentiality";
  EXPECT_EQ(reason(refused, given), "lockdown");
  given.has_privileges = false;
  EXPECT_EQ(reason(refused, given), "not_permitted");
  given.kernel.lockdown = "integrity";
  EXPECT_EQ(reason(refused, given), "not_permitted");
  given.has_privileges = true;
  EXPECT_EQ(reason(refused, given), "refused");
}

TEST(HookReason, DependsOnWhatTheKernelHas) {
  HookConditions given = conditions();
  given.kernel.kprobe_events = KprobeEvents::not_built_in;
  EXPECT_EQ(reason({attempt("write /sys/kernel/tracing/kprobe_events: No such file")}, given),
            "absent");
  given.kernel.fuse_types = FuseTypes::none;
  EXPECT_EQ(reason({attempt("load: No such process", HookMode::fentry)}, given), "no_btf");
  EXPECT_EQ(reason({attempt("attach: No such file or directory")}, given), "absent");
  given.kernel.fuse = FuseDriver::not_loaded;
  EXPECT_EQ(reason({attempt("load: Operation not permitted")}, given), "fuse_not_loaded");
}

TEST(HookReason, OfSeveralAlternativesIsTheOneThatCanBeMended) {
  const std::vector attempts = {
      attempt("load: No such process", HookMode::fentry),
      attempt("write /sys/kernel/tracing/kprobe_events: Permission denied")};
  EXPECT_EQ(reason(attempts, conditions()), "no_tracefs");
  EXPECT_EQ(reason({}, conditions()), "not_asked_for");
}

TEST(HookReason, OfARoleThatNeedsAnotherIsThatOnes) {
  const std::vector all = {role_of({attempt("load: Operation not permitted")}, Role::allocated),
                           role_of({attempt(kNeedsAllocated)}, Role::call)};
  EXPECT_STREQ(name_of(reason_of(all[1], all, conditions())), "refused");
  const std::vector alone = {all[1]};
  EXPECT_STREQ(name_of(reason_of(alone[0], alone, conditions())), "other");
}

}  // namespace
}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/host/capabilities.h"

#include <gtest/gtest.h>
#include <linux/capability.h>

#include <algorithm>
#include <string>

namespace fusescope {
namespace {

// What it costs to lack a capability; "held" if it is not lacking.
std::string cost_of(const std::string& name, const Capabilities& effective,
                    const KernelFacts& kernel = {}) {
  const auto findings = examine_capabilities(effective, kernel);
  const auto found = std::ranges::find(findings, name, &CapabilityFinding::name);
  if (found == findings.end()) return "not looked at";
  return found->is_effective ? "held" : found->cost;
}

TEST(CapabilityFindings, AreOneForEachCapability) {
  std::vector<std::string> names;
  for (const auto& finding : examine_capabilities({}, {})) names.push_back(finding.name);
  EXPECT_EQ(names, (std::vector<std::string>{"CAP_BPF", "CAP_PERFMON", "CAP_SYS_ADMIN",
                                             "CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"}));
}

TEST(CapabilityFindings, CostNothingWhereTheyAreHeld) {
  const Capabilities all = {CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_DAC_OVERRIDE};
  for (const auto& finding : examine_capabilities(all, {.fuse_types = FuseTypes::of_module})) {
    EXPECT_TRUE(finding.is_effective) << finding.name;
    EXPECT_EQ(finding.cost, "") << finding.name;
  }
}

TEST(CapabilityFindings, NothingWorksWithoutBpfAndPerfmon) {
  EXPECT_NE(cost_of("CAP_BPF", {}).find("nothing works"), std::string::npos);
  EXPECT_NE(cost_of("CAP_PERFMON", {CAP_BPF}).find("nothing works"), std::string::npos);
}

TEST(CapabilityFindings, SysAdminIncludesBpfAndPerfmon) {
  EXPECT_EQ(cost_of("CAP_BPF", {CAP_SYS_ADMIN}), "");
  EXPECT_EQ(cost_of("CAP_PERFMON", {CAP_SYS_ADMIN}), "");
}

TEST(CapabilityFindings, SysAdminIsForTheTypesOfAModule) {
  const Capabilities effective = {CAP_BPF, CAP_PERFMON};
  EXPECT_EQ(cost_of("CAP_SYS_ADMIN", effective, {.fuse_types = FuseTypes::of_kernel}), "");
  EXPECT_NE(cost_of("CAP_SYS_ADMIN", effective, {.fuse_types = FuseTypes::of_module}), "");
}

TEST(CapabilityFindings, SysAdminIsForKprobesWherePerfEventsAreForbidden) {
  const auto cost = [](std::optional<std::int64_t> paranoid) {
    return cost_of("CAP_SYS_ADMIN", {}, {.perf_event_paranoid = paranoid});
  };
  EXPECT_EQ(cost(std::nullopt), "");
  EXPECT_EQ(cost(2), "");
  EXPECT_NE(cost(3).find("perf_event_paranoid"), std::string::npos);
}

TEST(CapabilityFindings, DacOverrideIsForATracefsThatIsOthers) {
  EXPECT_EQ(cost_of("CAP_DAC_OVERRIDE", {}, {.kprobe_events = KprobeEvents::writable}), "");
  EXPECT_NE(cost_of("CAP_DAC_OVERRIDE", {}, {.kprobe_events = KprobeEvents::not_writable}), "");
}

TEST(CapabilityFindings, TellTheWorstLoss) {
  const KernelFacts kernel = {.fuse_types = FuseTypes::of_module, .perf_event_paranoid = 3};
  for (const auto& finding : examine_capabilities({}, kernel)) {
    const bool is_worst = finding.name != "CAP_SYS_ADMIN" || finding.loss == Loss::all_hooks;
    EXPECT_TRUE(is_worst) << finding.cost;
    EXPECT_EQ(finding.loss == Loss::nothing, finding.cost.empty()) << finding.name;
  }
}

TEST(EffectiveCapabilities, AreThoseThatTheAgentHasAUseFor) {
  const Capabilities effective = effective_capabilities();
  EXPECT_FALSE(effective.contains(CAP_CHOWN));
  EXPECT_LE(effective.size(), 5U);
}

}  // namespace
}  // namespace fusescope

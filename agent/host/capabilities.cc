// SPDX-License-Identifier: Apache-2.0
#include "agent/host/capabilities.h"

#include <linux/capability.h>
#include <sys/capability.h>

#include <array>

#include "agent/base/capability_state.h"

namespace fusescope {
namespace {

// Debian's kernels know a value above 2, for which perf_event_open() asks for CAP_SYS_ADMIN.
constexpr std::int64_t kParanoidOfPerfEvents = 3;

bool has_paranoid_perf_events(const KernelFacts& kernel) {
  return kernel.perf_event_paranoid.value_or(0) >= kParanoidOfPerfEvents;
}

// bpf_capable() and perfmon_capable(), include/linux/capability.h: one includes the other.
bool is_included(const Capabilities& effective) { return effective.contains(CAP_SYS_ADMIN); }

struct Need {
  int capability;
  const char* name;
  Loss loss;
  const char* cost;
  bool (*is_needed)(const Capabilities&, const KernelFacts&);
};
constexpr std::array kNeeds = {
    Need{CAP_BPF, "CAP_BPF", Loss::all_hooks, "no BPF program or map: nothing works",
         [](const Capabilities& effective, const KernelFacts&) { return !is_included(effective); }},
    Need{CAP_PERFMON, "CAP_PERFMON", Loss::all_hooks,
         "BPF programs may not read kernel memory: nothing works",
         [](const Capabilities& effective, const KernelFacts&) { return !is_included(effective); }},
    Need{CAP_SYS_ADMIN, "CAP_SYS_ADMIN", Loss::all_hooks,
         "no types of FUSE, which is a module here: no hook",
         [](const Capabilities&, const KernelFacts& kernel) {
           return kernel.fuse_types == FuseTypes::of_module;
         }},
    Need{CAP_SYS_ADMIN, "CAP_SYS_ADMIN", Loss::some_hooks,
         "no kprobes: kernel.perf_event_paranoid is 3 or more",
         [](const Capabilities&, const KernelFacts& kernel) {
           return has_paranoid_perf_events(kernel);
         }},
    Need{CAP_SYS_PTRACE, "CAP_SYS_PTRACE", Loss::names,
         "mounts of other namespaces (containers) have no name",
         [](const Capabilities&, const KernelFacts&) { return true; }},
    Need{CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE", Loss::some_hooks,
         "no kprobe for I/O calls: tracefs cannot be written",
         [](const Capabilities&, const KernelFacts& kernel) {
           return kernel.kprobe_events == KprobeEvents::not_writable;
         }},
};

}  // namespace

Capabilities effective_capabilities() {
  Capabilities effective;
  const CapabilityState now(cap_get_proc());
  if (!now) return effective;
  for (const Need& need : kNeeds) {
    cap_flag_value_t value = CAP_CLEAR;
    cap_get_flag(now.get(), need.capability, CAP_EFFECTIVE, &value);
    if (value == CAP_SET) effective.insert(need.capability);
  }
  return effective;
}

std::vector<CapabilityFinding> examine_capabilities(const Capabilities& effective,
                                                    const KernelFacts& kernel) {
  std::vector<CapabilityFinding> findings;
  for (const Need& need : kNeeds) {
    if (findings.empty() || findings.back().name != need.name) {
      findings.push_back({need.name, effective.contains(need.capability), Loss::nothing, ""});
    }
    CapabilityFinding& finding = findings.back();
    if (finding.is_effective || !need.is_needed(effective, kernel)) continue;
    if (finding.loss != Loss::nothing) continue;  // the worse one comes first
    finding.loss = need.loss;
    finding.cost = need.cost;
  }
  return findings;
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/model/diagnosis.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "agent/base/enum_name.h"
#include "agent/base/list_text.h"
#include "agent/model/label_text.h"

namespace fusescope {
namespace {

Loss worst_loss(const Diagnosis& diagnosis) {
  Loss worst = Loss::nothing;
  for (const auto& each : diagnosis.capabilities) worst = std::max(worst, each.loss);
  return worst;
}

const char* preemption_kind(const KernelFacts& kernel) {
  for (const char* kind : {"PREEMPT_RT", "PREEMPT_DYNAMIC", "PREEMPT_LAZY", "PREEMPT"}) {
    if (kernel.version.find(kind) != std::string::npos) return kind;
  }
  return "none or voluntary";
}

// Where it is not known, it may be.
bool may_be_preemptible(const KernelFacts& kernel) {
  const std::string_view kind = preemption_kind(kernel);
  if (kind != "PREEMPT_DYNAMIC" || !kernel.preemption_mode) return kind.starts_with("PREEMPT");
  return *kernel.preemption_mode == "full" || *kernel.preemption_mode == "lazy";
}

// 6 of "6.12.1"; 0 if it cannot be read.
int major_release_of(const KernelFacts& kernel) {
  int major = 0;
  const std::string& release = kernel.release;
  std::from_chars(release.data(), release.data() + release.size(), major);
  return major;
}

// No more privileges than are needed: those for some hooks only where the others are not what
// lacks.
std::string capability_advice(const Diagnosis& diagnosis) {
  std::string names;
  for (const CapabilityFinding& each : diagnosis.capabilities) {
    if (each.loss != worst_loss(diagnosis)) continue;
    add_to_list(names, each.name);
  }
  return "run it as root, or with " + names;
}

// One way out, and when it is one. Ordered by what stands in the way first.
struct WayOut {
  bool (*applies)(const Diagnosis&);
  const char* text;
};
constexpr std::array kWaysOut = {
    WayOut{[](const Diagnosis& d) { return !d.kernel.is_host_user_namespace; },
           "run it in the host's user namespace: the privileges of another one do not count"},
    WayOut{[](const Diagnosis& d) { return !d.kernel.has_types; },
           "use a kernel built with CONFIG_DEBUG_INFO_BTF, and let /sys/kernel/btf be seen"},
    WayOut{[](const Diagnosis& d) { return d.kernel.fuse == FuseDriver::not_loaded; },
           "modprobe fuse: FUSE is a module that is not loaded, its hooks come when it is"},
    WayOut{[](const Diagnosis& d) { return d.asked_for != HookMode::automatic; },
           "try --hooks=auto"},
    WayOut{[](const Diagnosis& d) { return d.kernel.lockdown == "confidentiality"; },
           "lockdown=confidentiality forbids kprobes and probe reads: lockdown=integrity does not"},
    WayOut{[](const Diagnosis& d) {
             return d.kernel.kprobe_events == KprobeEvents::no_tracefs &&
                    d.kernel.lockdown != "confidentiality";
           },
           "mount -t tracefs none /sys/kernel/tracing: kprobes need it"},
    WayOut{[](const Diagnosis& d) { return d.kernel.kprobe_events == KprobeEvents::not_built_in; },
           "use a kernel with kprobes (CONFIG_KPROBE_EVENTS), or one that allows fentry"},
};

}  // namespace

std::string preemption_of(const KernelFacts& kernel) {
  const std::string kind = preemption_kind(kernel);
  return kernel.preemption_mode ? kind + " (" + to_label(*kernel.preemption_mode) + ")" : kind;
}

SkipRisk skip_risk_of(const KernelFacts& kernel) {
  constexpr int kFirstWithPreemptibleTracepoints = 7;
  if (!may_be_preemptible(kernel)) return {};
  return {.fentry = true,
          .tracepoint = major_release_of(kernel) >= kFirstWithPreemptibleTracepoints};
}

Verdict verdict_of(const Diagnosis& diagnosis) {
  if (diagnosis.roles.empty() || find_unfilled_required(diagnosis.roles)) return Verdict::unusable;
  return inexact_of(diagnosis.roles).empty() ? Verdict::works : Verdict::degraded;
}

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::works: return "works";
    case Verdict::degraded: return "degraded";
    case Verdict::unusable: return "unusable";
  }
  not_of_enum(verdict);
}

std::vector<std::string> ways_out(const Diagnosis& diagnosis) {
  if (verdict_of(diagnosis) == Verdict::works) return {};
  std::vector<std::string> ways;
  for (const WayOut& way : kWaysOut) {
    if (way.applies(diagnosis)) ways.emplace_back(way.text);
  }
  if (worst_loss(diagnosis) >= Loss::some_hooks) ways.push_back(capability_advice(diagnosis));
  if (ways.empty()) ways.emplace_back("none known here: report it with 'fusescope doctor --json'");
  return ways;
}

}  // namespace fusescope

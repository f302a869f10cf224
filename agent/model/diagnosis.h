// SPDX-License-Identifier: Apache-2.0
// What `fusescope doctor` finds, and what follows from it: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/model/hook.h"

namespace fusescope {

enum class FuseDriver { not_loaded, module, built_in };
enum class FuseTypes { none, of_module, of_kernel };
enum class KprobeEvents { no_tracefs, not_built_in, not_writable, writable };

// What this kernel is and offers. Nothing where it could not be read.
struct KernelFacts {
  std::string release{};                         // uname -r
  std::string version{};                         // uname -v
  std::optional<std::string> preemption_mode{};  // none, voluntary, full or lazy
  bool has_types = false;
  FuseDriver fuse = FuseDriver::not_loaded;
  FuseTypes fuse_types = FuseTypes::none;
  std::optional<std::string> lockdown{};  // none, integrity or confidentiality
  KprobeEvents kprobe_events = KprobeEvents::no_tracefs;
  std::optional<std::int64_t> perf_event_paranoid{};
  std::optional<std::int64_t> unprivileged_bpf_disabled{};
  std::optional<std::int64_t> bpf_stats_enabled{};
  std::optional<std::int64_t> max_pages_limit{};
  std::string
      max_pages_guess{};  // why the limit is not known, and what is taken; empty: it is known
  bool is_host_user_namespace =
      true;  // else root's capabilities are not those that the kernel checks
};

// How much of this kernel can be preempted: "PREEMPT_RT", "PREEMPT_DYNAMIC", "PREEMPT",
// "PREEMPT_LAZY" or "none or voluntary", as its version tells; then the mode, if it has several and
// one could be read, as in "PREEMPT_DYNAMIC (lazy)".
std::string preemption_of(const KernelFacts& kernel);

// Of which hook modes the kernel may skip programs. A thread can be preempted in a program; the
// next thread on its CPU that comes to the same program finds it in use, and goes on without it
// (__bpf_prog_enter_recur(), kernel/bpf/trampoline.c; __bpf_trace_run(), kernel/trace/bpf_trace.c).
// Programs on kprobes are not preempted.
struct SkipRisk {
  bool fentry = false;
  bool tracepoint = false;  // since 7.0: before, DO_TRACE() of tracepoint.h disables preemption
};

// True for a kernel that may be preemptible, where that could not be read.
SkipRisk skip_risk_of(const KernelFacts& kernel);

// What is not to be had without a capability. Names are those of mounts.
enum class Loss { nothing, names, some_hooks, all_hooks };

struct CapabilityFinding {
  std::string name;
  bool is_effective = false;
  Loss loss = Loss::nothing;
  std::string cost;  // the loss in words; empty: nothing
};

struct Diagnosis {
  HookMode asked_for = HookMode::automatic;
  KernelFacts kernel{};
  std::vector<CapabilityFinding> capabilities{};
  std::vector<HookStatus> roles{};  // in the order of kRoles; empty: no hook could be tried
  std::string error{};              // why not
};

// The values are the exit codes.
enum class Verdict { works = 0, degraded = 1, unusable = 2 };
Verdict verdict_of(const Diagnosis& diagnosis);
const char* name_of(Verdict verdict);

// What to do for a better verdict, the surest first; never empty unless all works.
std::vector<std::string> ways_out(const Diagnosis& diagnosis);

}  // namespace fusescope

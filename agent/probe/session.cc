// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/session.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <string>

#include "agent/base/unique_fd.h"
#include "agent/probe/return_probe.h"
#include "fusescope_bpf.skel.h"

namespace fusescope {
namespace {

// Programs that user space runs itself: the first that loads.
constexpr Walks kWalks[] = {{"list_devices", "refresh_connections"},
                            {"untyped_list_devices", "untyped_refresh_connections"}};
constexpr const char* kSettler = "settle_calls";

// Programs that keep the list of followed processes: without kernel functions, of every kernel.
constexpr const char* kFollowers[] = {"follow_fork", "follow_free"};

constexpr const char* kAtRisk =
    "not tried: this kernel is preemptible, and skips a program that a preempted thread is in";

// The trials of one choice of hooks. A program is tried once, whatever the roles that it is for.
class Chooser {
 public:
  Chooser(HookMode mode, const SkipRisk& risk, Scope scope)
      : mode_(mode), risk_(risk), scope_(scope) {}

  HookStatus choose(Role role) {
    HookStatus status;
    status.role = role_name(role);
    for (const HookAlternative& alternative : alternatives_to_try(role, mode_, risk_)) {
      if (!status.mode.empty()) {
        pass_over(status, alternative);
        continue;
      }
      status.trials.push_back(trial_of(alternative));
      if (status.trials.back().reason.empty()) fill(status, alternative);
    }
    if (status.mode.empty()) status.reason = reason_for_none(status);
    return status;
  }

 private:
  static HookTrial not_tried(const HookAlternative& alternative, const char* reason) {
    return {.mode = std::string(mode_name(alternative.mode)),
            .needs = std::string(alternative.needs),
            .reason = reason,
            .program = ""};
  }

  HookTrial trial_of(const HookAlternative& alternative) {
    HookTrial found = not_tried(alternative, "");
    if (hooks_the_call(alternative) && !allocated_) found.reason = "needs the role allocated";
    for (const std::string_view program : alternative.programs) {
      if (!found.reason.empty()) break;
      if (const auto& tried = trial(program, alternative); !tried) {
        found.reason = tried.error().text;
        found.program = program;
      }
    }
    return found;
  }

  const Result<void>& trial(std::string_view name, const HookAlternative& alternative) {
    const std::string program(name);
    const auto [found, is_new] = trials_.try_emplace(program);
    if (is_new) {
      found->second =
          try_program(program, {.calls_are_hooked = !alternative.is_typed,
                                .calls_by_thread_id = !alternative.is_typed,
                                .blocked_is_hooked = true,
                                .follows_processes = scope_ == Scope::followed_processes,
                                .counts_processes = scope_ == Scope::host_by_process,
                                .trial = true});
    }
    return found->second;
  }

  // Those at risk are better alternatives otherwise: why they are not taken is told.
  void pass_over(HookStatus& status, const HookAlternative& alternative) const {
    if (!is_at_risk(alternative.mode, risk_)) return;
    status.trials.push_back(not_tried(alternative, kAtRisk));
  }

  void fill(HookStatus& status, const HookAlternative& alternative) {
    status.mode = mode_name(alternative.mode);
    status.exact = !is_estimate(alternative);
    status.may_skip = is_at_risk(alternative.mode, risk_);
    status.programs.assign(alternative.programs.begin(), alternative.programs.end());
    for (const std::string_view program : alternative.also) {
      if (trial(program, alternative)) status.programs.emplace_back(program);
    }
    if (alternative.role == Role::allocated) allocated_ = true;
  }

  [[nodiscard]] std::string reason_for_none(const HookStatus& status) const {
    if (status.trials.empty()) {
      return "no hook of mode " + std::string(mode_name(mode_)) + " is known for it";
    }
    const HookTrial& last = status.trials.back();
    const std::string program = last.program.empty() ? "" : "program " + last.program + ": ";
    return last.needs + ": " + program + last.reason;
  }

  HookMode mode_;
  SkipRisk risk_;
  Scope scope_;
  bool allocated_ = false;
  std::map<std::string, Result<void>> trials_;
};

Result<void> check_kernel() {
  if (access(kKernelBtf, R_OK) != 0) {
    return std::unexpected(errno_error(
        std::string("read ") + kKernelBtf, errno,
        "this kernel does not describe its types: use one built with CONFIG_DEBUG_INFO_BTF"));
  }
  LIBBPF_OPTS(bpf_map_create_opts, options);
  const UniqueFd map(bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "fusescope_trial", sizeof(__u32),
                                    sizeof(__u64), 1, &options));
  if (!map) {
    return std::unexpected(
        errno_error("create a BPF map", errno, "run as root, or with CAP_BPF and CAP_PERFMON"));
  }
  return {};
}

// Whether threads can be given storage here: tried on this thread.
bool has_task_storage() {
  const auto skeleton = load({kStorageCheck}, {.trial = true});
  if (!skeleton) return false;
  LIBBPF_OPTS(bpf_test_run_opts, options);
  const int program = bpf_program__fd((*skeleton)->progs.check_task_storage);
  return bpf_prog_test_run_opts(program, &options) == 0 && options.retval == 1;
}

std::vector<std::string> programs_of(const std::vector<HookStatus>& hooks) {
  std::vector<std::string> programs;
  for (const HookStatus& status : hooks) {
    for (const std::string& program : status.programs) {
      if (std::ranges::find(programs, program) == programs.end()) programs.push_back(program);
    }
  }
  return programs;
}

// The knobs that go with the hooks in use.
Knobs knobs_for(const std::vector<HookStatus>& hooks, Scope scope) {
  const auto& call = *std::ranges::find(hooks, "call", &HookStatus::role);
  Knobs knobs{.follows_processes = scope == Scope::followed_processes,
              .counts_processes = scope == Scope::host_by_process};
  knobs.calls_are_hooked = !call.programs.empty() && call.exact;
  knobs.blocked_is_hooked =
      !std::ranges::find(hooks, "blocked", &HookStatus::role)->programs.empty();
  // One that has no typed pointers finds the calls of its thread no other way, so nor may the rest.
  const bool all_are_typed = std::ranges::all_of(programs_of(hooks), has_typed_pointers);
  knobs.calls_by_thread_id = knobs.calls_are_hooked && (!all_are_typed || !has_task_storage());
  return knobs;
}

std::optional<Walks> walks_here() {
  for (const Walks& walks : kWalks) {
    if (try_program(walks.device_list, {.trial = true})) return walks;
  }
  return std::nullopt;
}

Result<void> check_required(const std::vector<HookStatus>& hooks, HookMode mode) {
  for (const Role role : all_roles()) {
    const auto& status = *std::ranges::find(hooks, role_name(role), &HookStatus::role);
    if (!status.mode.empty() || !is_required(role)) continue;
    const std::string advice = mode == HookMode::automatic
                                   ? "this kernel has no usable hook: see 'fusescope doctor'"
                                   : "try --hooks=auto";
    return std::unexpected(
        Error{"hook requests " + status.role + ": " + status.reason + ": " + advice});
  }
  return {};
}

}  // namespace

Result<std::vector<HookStatus>> examine_hooks(HookMode mode, const SkipRisk& risk, Scope scope) {
  if (auto kernel = check_kernel(); !kernel) return std::unexpected(kernel.error());
  Chooser chooser(mode, risk, scope);
  std::vector<HookStatus> hooks;
  for (const Role role : all_roles()) hooks.push_back(chooser.choose(role));
  return hooks;
}

Result<Session> Session::start(HookMode mode, const SkipRisk& risk, Scope scope,
                               const std::optional<TraceKnobs>& trace) {
  remove_stale_return_probes();
  auto hooks = examine_hooks(mode, risk, scope);
  if (!hooks) return std::unexpected(hooks.error());
  if (auto checked = check_required(*hooks, mode); !checked) {
    return std::unexpected(checked.error());
  }
  Knobs knobs = knobs_for(*hooks, scope);
  knobs.trace = trace;
  std::vector<std::string> programs = programs_of(*hooks);
  const auto walks = walks_here();
  if (walks) programs.insert(programs.end(), {walks->device_list, walks->connection_walk});
  if (!knobs.calls_are_hooked) programs.emplace_back(kSettler);
  if (knobs.follows_processes)
    programs.insert(programs.end(), std::begin(kFollowers), std::end(kFollowers));
  auto skeleton = load(programs, knobs);
  if (!skeleton) return std::unexpected(Error{"BPF programs: " + skeleton.error().text});
  Session session(std::move(*skeleton), std::move(*hooks));
  if (knobs.follows_processes) {
    if (auto attached = session.attach_followers(); !attached) {
      return std::unexpected(attached.error());
    }
  }
  if (auto attached = session.attach_all(); !attached) return std::unexpected(attached.error());
  if (walks) {
    if (auto attached = session.attach_walks(*walks); !attached) {
      return std::unexpected(attached.error());
    }
  }
  return session;
}

// What ends something is attached before what begins it, so that no beginning goes without its end.
Result<void> Session::attach_all() {
  std::vector<std::string> programs = programs_of(hooks_);
  std::ranges::reverse(programs);
  for (const std::string& program : programs) {
    auto link = attach(skeleton_, program);
    if (!link) {
      return std::unexpected(Error{"BPF program " + program + ": " + link.error().text});
    }
    links_.push_back(std::move(*link));
  }
  return {};
}

Result<void> Session::attach_followers() {
  for (const char* program : kFollowers) {
    auto link = attach(skeleton_, program);
    if (!link) return std::unexpected(Error{std::string(program) + ": " + link.error().text});
    followers_.push_back(std::move(*link));
  }
  return {};
}

Result<void> Session::attach_walks(const Walks& walks) {
  auto device_list = attach(skeleton_, walks.device_list);
  if (!device_list) return std::unexpected(device_list.error());
  auto connection_walk = attach(skeleton_, walks.connection_walk);
  if (!connection_walk) return std::unexpected(connection_walk.error());
  device_list_ = std::move(*device_list);
  connection_walk_ = std::move(*connection_walk);
  return {};
}

Result<void> Session::attach_again() {
  links_.clear();
  return attach_all();
}

bool Session::counts_processes() const { return skeleton_->rodata->counts_processes; }

bool Session::settles_calls() const { return bpf_program__fd(skeleton_->progs.settle_calls) >= 0; }

}  // namespace fusescope

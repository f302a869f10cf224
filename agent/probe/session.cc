// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/session.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "agent/base/unique_fd.h"
#include "agent/probe/return_probe.h"
#include "fusescope_bpf.skel.h"

namespace fusescope {
namespace {

Result<void> check_kernel() {
  if (access(kKernelBtf, R_OK) != 0) {
    return std::unexpected(errno_error(
        std::string("read ") + kKernelBtf, errno,
        "this kernel does not describe its types: use one built with CONFIG_DEBUG_INFO_BTF"));
  }
  LIBBPF_OPTS(bpf_map_create_opts, options);
  const UniqueFd map(bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "fusescope_check", sizeof(__u32),
                                    sizeof(__u64), 1, &options));
  if (!map) {
    return std::unexpected(
        errno_error("create a BPF map", errno, "run as root, or with CAP_BPF and CAP_PERFMON"));
  }
  return {};
}

Error no_hook_for(const HookStatus& status, HookMode mode) {
  const std::string advice = mode == HookMode::automatic
                                 ? "this kernel has no usable hook: see 'fusescope doctor'"
                                 : "try --hooks=auto";
  return Error{std::string("hook requests ") + name_of(status.role) + ": " + status.reason + ": " +
               advice};
}

bool uses_one_of(const HookStatus& status, const Refusals& programs) {
  return std::ranges::any_of(
      status.programs, [&](const std::string& program) { return programs.contains(program); });
}

}  // namespace

// Looks for hooks that work together. The first plan is that of the best alternatives, and the
// usual kernel takes it as it is. Where it refuses a program, the other alternatives of that role
// are tried by themselves, until one works, and then all together again; where that is refused as
// well, every role is tried by itself: a load of few programs costs little.
class Session::Search {
 public:
  Search(HookMode mode, const SkipRisk& risk, Scope scope, Knobs given)
      : mode_(mode), risk_(risk), scope_(scope), given_(std::move(given)) {}

  Result<Session> run() {
    if (auto kernel = check_kernel(); !kernel) return std::unexpected(kernel.error());
    for (bool is_first = true;; is_first = false) {
      const Plan plan = next();
      auto session = of_plan(plan);
      if (session) return finished(plan, std::move(*session));
      // A map that this kernel lacks names no program: the roles that need it are found one by one.
      const bool names_none = is_first && session.error().contains("");
      if (auto learned = names_none ? Result<void>{} : learn(plan, session.error()); !learned) {
        return std::unexpected(learned.error());
      }
      for (const HookStatus& status : plan.hooks) {
        if (is_first && !names_none && !uses_one_of(status, session.error())) continue;
        if (auto tried = try_alone(status.role); !tried) return std::unexpected(tried.error());
      }
    }
  }

 private:
  [[nodiscard]] Plan next() const {
    Plan plan = plan_for(mode_, risk_, scope_, refused_);
    plan.knobs.trace = given_.trace;
    plan.knobs.host_request_bytes = given_.host_request_bytes;
    plan.knobs.is_dry_run = given_.is_dry_run;
    return plan;
  }

  [[nodiscard]] Result<Session> finished(const Plan& plan, Session session) const {
    const HookStatus* missing = find_unfilled_required(plan.hooks);
    if (missing && !given_.is_dry_run) return std::unexpected(no_hook_for(*missing, mode_));
    return session;
  }

  // Until an alternative of the role works, or none is left. Once for each role.
  Result<void> try_alone(Role role) {
    if (!tried_alone_.insert(role).second) return {};
    for (;;) {
      const Plan dry_run = next().dry_run_of(role);
      const auto session = of_plan(dry_run);
      if (session) return {};
      if (auto learned = learn(dry_run, session.error()); !learned) return learned;
    }
  }

  // What names no program is about all of them. An error where there is nothing else to try.
  Result<void> learn(const Plan& plan, const Refusals& found) {
    const std::size_t known = refused_.size();
    for (const auto& [program, reason] : found) {
      if (program.empty()) {
        for (const std::string& each : plan.programs()) refused_.emplace(each, reason);
      } else if (!plan.can_do_without(program)) {
        return std::unexpected(Error{"BPF program " + program + ": " + reason});
      } else {
        refused_.emplace(program, reason);
      }
    }
    if (refused_.size() > known) return {};
    return std::unexpected(Error{"BPF programs: " + found.begin()->second});
  }

  HookMode mode_;
  SkipRisk risk_;
  Scope scope_;
  Knobs given_;  // of which `trace`, `host_request_bytes` and `is_dry_run` are taken
  Refusals refused_;
  std::set<Role> tried_alone_;
};

Result<std::vector<HookStatus>> examine_hooks(HookMode mode, const SkipRisk& risk, Scope scope) {
  auto session = Session::Search(mode, risk, scope, {.is_dry_run = true}).run();
  if (!session) return std::unexpected(session.error());
  return session->hooks();
}

Result<Session> Session::start(HookMode mode, const SkipRisk& risk, const HostLimits& host,
                               Scope scope, const std::optional<TraceKnobs>& trace) {
  remove_stale_return_probes();
  return Search(mode, risk, scope, {.trace = trace, .host_request_bytes = host.most_bytes()}).run();
}

void Session::follow(const HostLimits& host) {
  const std::atomic_ref bytes(skeleton_->data->host_request_bytes);
  bytes.store(host.most_bytes(), std::memory_order_relaxed);
}

std::expected<Session, Refusals> Session::of_plan(const Plan& plan) {
  const auto programs = plan.programs();
  if (programs.empty()) return Session(nullptr, plan.hooks);
  auto skeleton = load(programs, plan.knobs);
  if (!skeleton) return std::unexpected(skeleton.error());
  Session session(std::move(*skeleton), plan.hooks);
  Refusals refused;
  for (const std::string& program : plan.followers) {
    session.followers_.push_back(session.attached(program, refused));
  }
  refused.merge(session.attach_all());
  if (plan.walks) {
    session.device_list_ = session.attached(plan.walks->device_list, refused);
    session.connection_walk_ = session.attached(plan.walks->connection_walk, refused);
  }
  session.walks_refusal_ = plan.walks_refusal;
  if (plan.run_by_user == kStorageCheck && !has_task_storage(session.skeleton_)) {
    refused.emplace(kStorageCheck, "threads cannot be given storage");
  }
  if (!refused.empty()) return std::unexpected(std::move(refused));
  return session;
}

Link Session::attached(const std::string& program, Refusals& refused) const {
  auto link = attach(skeleton_, program);
  if (link) return std::move(*link);
  refused.emplace(program, link.error().text);
  return {};
}

// What ends something is attached before what begins it, so that no beginning goes without its end.
Refusals Session::attach_all() {
  Refusals refused;
  std::vector<std::string> programs = programs_of(hooks_);
  std::ranges::reverse(programs);
  for (const std::string& program : programs) links_.push_back(attached(program, refused));
  return refused;
}

Result<void> Session::attach_again() {
  links_.clear();
  const Refusals refused = attach_all();
  if (refused.empty()) return {};
  const auto& [program, reason] = *refused.begin();
  return std::unexpected(Error{"BPF program " + program + ": " + reason});
}

bool Session::counts_processes() const { return skeleton_->rodata->counts_processes; }

bool Session::counts_ended_calls() const {
  return bpf_program__fd(skeleton_->progs.settle_calls) >= 0;
}

}  // namespace fusescope

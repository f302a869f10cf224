// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/error.h"
#include "agent/model/limits.h"
#include "agent/model/snapshot.h"
#include "agent/probe/hooks.h"
#include "agent/probe/loader.h"
#include "agent/probe/plan.h"

namespace fusescope {

// What fills each role here, found by a dry run: nothing stays attached. Fails only where no BPF
// program at all can be loaded; the text says why. Needs the privileges that Session::start()
// needs.
Result<std::vector<HookStatus>> examine_hooks(HookMode mode, const SkipRisk& risk,
                                              Scope scope = Scope::host);

// The BPF programs, loaded and attached for as long as this object lives. Its maps are read by
// Reader.
class Session {
 public:
  // Tries the alternatives of each role, of one hook mode or of all, and attaches the first that
  // works. Fails when a role without which nothing can be counted stays empty; the text says what
  // to do. Needs CAP_BPF and CAP_PERFMON, and CAP_SYS_ADMIN where FUSE is a module; they may be
  // dropped afterwards.
  // HOST: as it is now; see follow().
  static Result<Session> start(HookMode mode, const SkipRisk& risk, const HostLimits& host,
                               Scope scope = Scope::host,
                               const std::optional<TraceKnobs>& trace = std::nullopt);

  // Has the calls that end from now on counted by these limits of the host.
  void follow(const HostLimits& host);

  [[nodiscard]] fusescope_bpf& skeleton() { return *skeleton_; }
  [[nodiscard]] const fusescope_bpf& skeleton() const { return *skeleton_; }

  // Each role, and what fills it or the reason why nothing does.
  [[nodiscard]] const std::vector<HookStatus>& hooks() const { return hooks_; }

  // Whether ended calls have to be looked for, because their functions are not hooked.
  [[nodiscard]] bool counts_ended_calls() const;

  // Whether it counts by process as well.
  [[nodiscard]] bool counts_processes() const;

  // The iterators over open /dev/fuse, and over the rows of connections; null where this kernel has
  // none.
  [[nodiscard]] const bpf_link* device_list() const { return device_list_.get(); }
  [[nodiscard]] const bpf_link* connection_walk() const { return connection_walk_.get(); }

  // Why there is neither; empty if there are.
  [[nodiscard]] const std::string& walks_refusal() const { return walks_refusal_; }

  // Attaches all programs again, after the module that they were attached to was gone: counters go
  // on. Needs the same privileges as start().
  Result<void> attach_again();

  // Detaches all programs that hooks run: nothing is counted any more, and what was stays.
  void detach() { links_.clear(); }

 private:
  friend Result<std::vector<HookStatus>> examine_hooks(HookMode mode, const SkipRisk& risk,
                                                       Scope scope);

  Session(Skeleton skeleton, std::vector<HookStatus> hooks)
      : skeleton_(std::move(skeleton)), hooks_(std::move(hooks)) {}

  class Search;

  // All of the plan loaded and attached, or what was refused.
  static std::expected<Session, Refusals> of_plan(const Plan& plan);

  Refusals attach_all();

  // Null where the program is refused, which is then noted.
  Link attached(const std::string& program, Refusals& refused) const;

  Skeleton skeleton_;
  std::vector<HookStatus> hooks_;
  Link device_list_;
  Link connection_walk_;
  std::string walks_refusal_;
  std::vector<Link> followers_;
  std::vector<Link> links_;
};

}  // namespace fusescope

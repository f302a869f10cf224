// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/error.h"
#include "agent/export/exposition.h"
#include "agent/export/families.h"
#include "agent/host/fuse_module.h"
#include "agent/model/recent.h"
#include "agent/model/state.h"
#include "agent/observe/observation.h"

namespace fusescope {

// What a scrape reads: the hooks and their counters, attached while the kernel has FUSE. Where FUSE
// is a module they come when it comes, and again after it was unloaded; counters go on then. The
// server's thread and the housekeeping take turns.
class Telemetry {
 public:
  // `processes` is asked for what needs privileges over other processes.
  Telemetry(HookMode mode, const StateRule& rule, std::shared_ptr<OtherProcesses> processes)
      : mode_(mode), rule_(rule), processes_(std::move(processes)) {}

  // Starts the thread that walks through mount namespaces. It needs no privileges.
  void start_walking() { walker_->start(); }

  // Attaches, or finds that there is no FUSE yet. Needs the privileges of Session::start().
  Result<void> start();

  // About once a second. Needs these privileges only while needs_privileges().
  void keep_house();

  // The metrics, as pieces of text: none if it fails.
  Result<void> scrape(const WebStatus& web, TakeText take);

  // What the live page shows: /api/mounts.
  Result<std::string> live();

  // One line for people: hooks are attached, or what they wait for. Fails if FUSE is there and they
  // could not be attached.
  [[nodiscard]] Result<std::string> state() const;

  // Whether hooks may still have to be attached.
  [[nodiscard]] bool needs_privileges() const;

  // Whether the counters can be read. To be tried on a thread without privileges.
  [[nodiscard]] Result<void> check_reading() const;

 private:
  Result<void> attach();
  void follow_module();
  void log_walk();

  std::vector<MountState> states_of(const Snapshot& snapshot);

  const HookMode mode_;
  const StateRule rule_;
  const std::shared_ptr<OtherProcesses> processes_;
  mutable std::mutex mutex_;
  std::shared_ptr<MountWalker> walker_ =
      std::make_shared<MountWalker>("/proc", WalkLimits{}, processes_);
  std::string walk_complaint_;  // the last one that was logged
  FuseModule module_;
  std::unique_ptr<Observation> observed_;          // null: waiting for FUSE
  Recent recent_;                                  // empty unless somebody looks at the live page
  Recent scraped_{Recent::Oldest::before_window};  // what scrapes saw, for the states
  HookConditions conditions_;                      // under which hooks were last looked for
  Result<void> followed_;  // how the last attaching after a loading of FUSE went
};

}  // namespace fusescope

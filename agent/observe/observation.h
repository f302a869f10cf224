// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "agent/base/error.h"
#include "agent/observe/collector.h"
#include "agent/probe/reader.h"
#include "agent/probe/session.h"

namespace fusescope {

// What is to be counted, and how.
struct ObservationOptions {
  HookMode hooks = HookMode::automatic;
  Scope scope = Scope::host;
  std::optional<TraceKnobs> trace{};
  // What needs privileges over other processes is asked of these.
  std::shared_ptr<OtherProcesses> processes = std::make_shared<ProcfsProcesses>();
  std::shared_ptr<MountWalker> walker{};  // see Collector
};

// The hooks, attached, with all that reads what they count.
class Observation {
 public:
  // Fails where this kernel has no FUSE now. Needs the privileges of Session::start().
  static Result<std::unique_ptr<Observation>> start(const ObservationOptions& options);

  [[nodiscard]] Session& session() { return session_; }
  [[nodiscard]] Reader& reader() { return *reader_; }
  [[nodiscard]] Collector& collector() { return *collector_; }
  [[nodiscard]] const Session& session() const { return session_; }
  [[nodiscard]] const Reader& reader() const { return *reader_; }

 private:
  explicit Observation(Session session) : session_(std::move(session)) {}

  // Each refers to those before it, which are to stay where they are.
  Session session_;
  std::optional<Reader> reader_;
  std::optional<Collector> collector_;
};

}  // namespace fusescope

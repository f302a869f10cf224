// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/export/router.h"
#include "agent/model/confinement.h"
#include "agent/model/hook_reason.h"
#include "agent/model/snapshot.h"
#include "agent/model/state.h"

namespace fusescope {

// Exceptions that did not end the agent, by where they came.
struct ExceptionCounts {
  std::uint64_t http = 0;
  std::uint64_t housekeeping = 0;
};

// What the server, and what runs beside it, say of themselves.
struct WebStatus {
  RequestCounts requests;
  std::optional<bool> config_is_in_force = {};  // nothing: there is no web config
  Confinement confinement = {};
  ExceptionCounts exceptions = {};
};

// What is known beside the snapshot when it is exported.
struct ExportContext {
  std::string version;
  std::string revision;
  double scrape_seconds = 0;         // of the collection that made this snapshot
  std::vector<MountState> states{};  // of the snapshot's mounts, in their order; empty: not known
  WebStatus web;
  HookConditions conditions;  // under which hooks were looked for
};

using TakeFamily = std::function<void(prometheus::MetricFamily)>;

// The snapshot as Prometheus families, one after the other: only one at a time has the labels of
// its mounts in each of its series. Families without any series are left out.
void each_family(const Snapshot& snapshot, const ExportContext& context, const TakeFamily& take);

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
// What the live page shows: /api/mounts.
#pragma once

#include <optional>
#include <string>

#include "agent/model/limits.h"
#include "agent/model/snapshot.h"

namespace fusescope {

struct LiveReport {
  const Snapshot& now;
  const Snapshot* before = nullptr;      // null: there is no earlier one to compare with
  std::optional<double> window_seconds;  // between the two
  HostLimits host;
  std::string waiting;  // what the agent waits for before it can count; empty: nothing
};

// One object: see docs/json.md. Rates are null where there is no earlier snapshot.
std::string live_json(const LiveReport& report);

}  // namespace fusescope

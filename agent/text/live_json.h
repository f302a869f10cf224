// SPDX-License-Identifier: Apache-2.0
// What the live page shows: /api/mounts.
#pragma once

#include <string>

#include "agent/model/limits.h"
#include "agent/model/recent.h"
#include "agent/model/state.h"

namespace fusescope {

struct LiveReport {
  const Recent& recent;  // at least one snapshot
  HostLimits host;
  StateRule rule;
  std::string waiting;  // what the agent waits for before it can count; empty: nothing
};

// One object: see docs/json.md. Rates are null where there is no earlier snapshot of
// the mount.
std::string live_json(const LiveReport& report);

}  // namespace fusescope

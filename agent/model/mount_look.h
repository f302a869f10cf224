// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "agent/model/recent.h"
#include "agent/model/state.h"

namespace fusescope {

// A mount as it is now: what it counted lately, and what that means.
struct MountLook {
  std::optional<double> seconds;  // nothing: there is no earlier reading, and `counted` is all
  MountSnapshot counted{};        // since the agent began
  std::vector<Judgement> judgements{};
  Judgement judged{};  // the worst of them
  StateFinding finding{};
};

MountLook look_at(const MountSnapshot& mount, const Recent& recent, const HostLimits& host,
                  const StateRule& rule);

}  // namespace fusescope

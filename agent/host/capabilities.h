// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <vector>

#include "agent/model/diagnosis.h"

namespace fusescope {

// Values of <linux/capability.h>.
using Capabilities = std::set<int>;

// Those of this thread, among those that the agent has a use for.
Capabilities effective_capabilities();

// Each capability that the agent has a use for, and what it costs on this kernel to lack it.
std::vector<CapabilityFinding> examine_capabilities(const Capabilities& effective,
                                                    const KernelFacts& kernel);

}  // namespace fusescope

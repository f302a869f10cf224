// SPDX-License-Identifier: Apache-2.0
// What to change so that I/O is not split: one table, a row for each cause and kind of daemon.
#pragma once

#include <string>

#include "agent/model/limits.h"

namespace fusescope {

// One line for a person: the mount, the present value, the value to set, and where. Never a value
// that this host would refuse. Empty where a cause asks for no change.
std::string remedy_for(fusescope_cause cause, fusescope_op op, fusescope_mode mode,
                       const MountSnapshot& mount, const HostLimits& host);

}  // namespace fusescope

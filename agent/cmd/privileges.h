// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/base/error.h"

namespace fusescope {

// Gives up, for this thread and those that it starts later, every capability but the one that
// reading the mount tables of other processes needs (CAP_SYS_PTRACE), and the means to gain any
// back. A capability that the process does not have is not missed.
Result<void> drop_privileges();

}  // namespace fusescope

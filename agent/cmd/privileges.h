// SPDX-License-Identifier: Apache-2.0
// What the agent may do: as little as the kernel that it runs on allows.
#pragma once

#include <functional>

#include "agent/base/error.h"

namespace fusescope {

// Capabilities that are kept, beside the one that reading the mount tables of other processes needs
// (CAP_SYS_PTRACE).
struct Kept {
  bool cap_bpf = false;  // before 5.19 an iterator needs it (kernel/bpf/syscall.c)
};

// Gives up, for this thread and those that it starts later, every capability but those kept, and
// the means to gain any back. A capability that the process does not have is not missed.
Result<void> drop_privileges(Kept kept);

// Runs something on a thread of its own that has dropped its privileges before, and waits for it.
// Threads that it starts have none either. The calling thread keeps its own.
Result<void> run_without_privileges(Kept kept, const std::function<Result<void>()>& action);

}  // namespace fusescope

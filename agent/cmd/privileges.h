// SPDX-License-Identifier: Apache-2.0
// What the agent may do: as little as the kernel that it runs on allows. Users, capabilities and
// filters of system calls are a thread's own: capabilities(7), seccomp(2).
#pragma once

#include <functional>
#include <string>

#include "agent/base/error.h"

namespace fusescope {

// What is kept.
struct Kept {
  bool cap_bpf = false;         // before 5.19 an iterator needs it (kernel/bpf/syscall.c)
  bool cap_sys_ptrace = false;  // to look at processes of others: the broker
  bool roots_files = false;     // of a thread that is root: what root may read of its own
};

// What a thread could not give up, and why; empty: it has.
struct Remaining {
  std::string user;          // it is root still
  std::string system_calls;  // it may make any
};

// Gives up, for this thread and those that it starts later, the user root (for `fusescope`, where
// /etc/passwd has it, or else nobody), every capability but those kept, and the means to gain any
// back. Nor may other processes of that user look at this one. A capability that the process does
// not have is not missed. Fails if capabilities could not be given up.
Result<Remaining> drop_rights(Kept kept);

// The same, and all system calls that are not needed any more.
Result<Remaining> drop_privileges(Kept kept);

// Gives up what attaching hooks does not need; drop_privileges() can still come later. Root stays
// root.
Result<Remaining> keep_privileges_to_attach();

// Runs something on a thread of its own that has dropped its privileges before, and waits for it.
// Threads that it starts have none either. The calling thread keeps its own.
Result<void> run_without_privileges(Kept kept, const std::function<Result<void>()>& action);

}  // namespace fusescope

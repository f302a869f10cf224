// SPDX-License-Identifier: Apache-2.0
// The system calls that a thread may make: seccomp(2). Those that are not listed fail with ENOSYS,
// as on a kernel that has not got them: a C library falls back then, where it would not after
// EPERM.
#pragma once

#include "agent/base/error.h"

namespace fusescope {

enum class SystemCalls {
  of_server,    // to answer requests, and to read what the BPF programs counted
  of_attaching  // the same, and to load and attach BPF programs, and to give up privileges
};

// For this thread and those that it starts later, for good; no_new_privs comes with it. It may be
// called again, for fewer. Fails where the kernel or a container has no filters for system calls,
// and in a build for sanitizers, which make calls of their own.
Result<void> limit_system_calls(SystemCalls allowed);

// The same for the broker: to read files, and to answer by a socket that is open.
Result<void> limit_system_calls_of_broker();

}  // namespace fusescope

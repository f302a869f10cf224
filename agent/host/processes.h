// SPDX-License-Identifier: Apache-2.0
// Processes, as procfs shows them. `root` is put before each path: a directory made up for a test.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "agent/base/error.h"

namespace fusescope {

// All that procfs lists, in ascending order. Those that come and go meanwhile may be left out.
std::vector<pid_t> all_processes(const std::string& root = "");

// Whether process ids here are those of the host, which are all that BPF programs know: the inode
// of that pid namespace is the same on every kernel (PROC_PID_INIT_INO, include/linux/proc_ns.h).
bool is_host_pid_namespace(const std::string& root = "");

// Whether a thread has ended: its id may still be there, for its parent to collect (a zombie). Not
// where the id is another thread's already.
bool is_thread_gone(pid_t thread, const std::string& root = "");

// The process that a process or thread id belongs to. Fails if there is none.
Result<pid_t> process_of(pid_t id, const std::string& root = "");

// The children of a process, their children, and so on. Those that come and go meanwhile may be
// left out.
std::vector<pid_t> descendants_of(pid_t process, const std::string& root = "");

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
// Names of the system calls that do I/O, as a trace tells of them.
#pragma once

#include <cstdint>
#include <string>

namespace fusescope {

// The name of a system call of x86-64 (arch/x86/entry/syscalls/syscall_64.tbl); "io_uring" for both
// io_uring_enter and the threads that io_uring works with. One that does no I/O on files by itself
// (execve reading a program) is "syscall_N". Negative, so that there is none: "".
std::string syscall_name(std::int32_t number);

}  // namespace fusescope

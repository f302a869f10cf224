// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "agent/base/error.h"
#include "agent/probe/hooks.h"

namespace fusescope {

struct TraceOptions {
  HookMode hooks = HookMode::automatic;
  bool json = false;
  bool requests = false;    // a line for each request, not for each call
  bool split_only = false;  // calls of several requests
  std::string mount;        // a path on the mount, which is not looked up; empty: all
  int process = 0;          // 0: all
  std::string comm;         // empty: all
  std::string op;           // read or write; of requests any opcode's name; empty: all
  double slower_ms = 0;     // what took longer than this
  double seconds = 0;       // ends after so long; 0: does not
  std::uint64_t count = 0;  // ends after so many lines; 0: does not
  std::uint32_t buffer_bytes = 8U << 20;  // of the ring: rounded up to a power of two
};

// Prints a line on standard output for each I/O call, or each request, that ends, until a signal
// asks to end, the time or the number of lines is reached, or nobody reads standard output any
// more: 0. What is this process's own is left out. Fails before the first line if a filter names
// nothing, or if nothing can be traced.
Result<int> trace(const TraceOptions& options);

}  // namespace fusescope

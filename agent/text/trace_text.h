// SPDX-License-Identifier: Apache-2.0
// A traced I/O call or request as a line, for a terminal and for programs (docs/json.md).
#pragma once

#include <cstdint>
#include <string>

#include "bpf/abi/trace_abi.h"

namespace fusescope {

struct TraceLine {
  fusescope_trace_event event{};
  std::uint64_t ended_ns = 0;  // since 1970: event.ended_ns by the wall clock
  std::string mountpoint;      // a label; empty: not known
};

// The heads of the columns, of calls or of requests.
std::string trace_head(fusescope_traced kind);

// Adds a line to `text`. What is not known is "?", what a line has no value for is "-". The time is
// that of this host's time zone.
void add_trace_text(std::string& text, const TraceLine& line);

// Adds an object on a line to `text`.
void add_trace_json(std::string& text, const TraceLine& line);

// What was printed and what was lost, when all is over.
struct TraceEnd {
  std::uint64_t events = 0;   // lines
  std::uint64_t dropped = 0;  // that there was no room for
  std::uint64_t skipped =
      0;  // runs of programs that the kernel skipped: lines may lack or be wrong
};
std::string trace_end_text(const TraceEnd& end);
std::string trace_end_json(const TraceEnd& end);

// The process name of an event, without the NUL.
std::string comm_of(const fusescope_trace_event& event);

// The name of a call's file, any bytes, cut to FUSESCOPE_FILE_BYTES - 1; empty: not known.
std::string file_of(const fusescope_trace_event& event);

}  // namespace fusescope

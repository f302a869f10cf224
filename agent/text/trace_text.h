// SPDX-License-Identifier: Apache-2.0
// A traced I/O call or request as a line, for a terminal and for programs (docs/json.md).
#pragma once

#include <cstdint>
#include <string>

#include "bpf/trace_abi.h"

namespace fusescope {

struct TraceLine {
  fusescope_trace_event event{};
  std::uint64_t ended_ns = 0;  // since 1970: event.ended_ns by the wall clock
  std::string mountpoint;      // any bytes; empty: not known
};

// The heads of the columns, of calls or of requests.
std::string trace_head(fusescope_traced kind);

// Adds a line to `text`. What is not known is "?", what a line has no value for is "-". The time is
// that of this host's time zone.
void add_trace_text(std::string& text, const TraceLine& line);

// Adds an object on a line to `text`.
void add_trace_json(std::string& text, const TraceLine& line);

// What was printed and what was lost, when all is over.
std::string trace_end_text(std::uint64_t events, std::uint64_t dropped);
std::string trace_end_json(std::uint64_t events, std::uint64_t dropped);

// The process name of an event, without the NUL.
std::string comm_of(const fusescope_trace_event& event);

// The name of a call's file, any bytes, cut to FUSESCOPE_FILE_BYTES - 1; empty: not known.
std::string file_of(const fusescope_trace_event& event);

}  // namespace fusescope

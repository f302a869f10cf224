// SPDX-License-Identifier: Apache-2.0
// What `fusescope trace` prints, as plain values: an I/O call or a request, and the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bpf/abi/trace_abi.h"

namespace fusescope {

struct TraceLine {
  fusescope_trace_event event{};
  std::uint64_t ended_ns = 0;  // since 1970: event.ended_ns by the wall clock
  std::string mountpoint;      // a label; empty: not known
};

// What was printed and what was lost, when all is over.
struct TraceEnd {
  std::uint64_t events = 0;   // lines
  std::uint64_t dropped = 0;  // that there was no room for
  std::uint64_t skipped =
      0;  // runs of programs skipped by the kernel: lines may be missing or wrong
};

inline bool is_call(const fusescope_trace_event& event) {
  return event.kind == FUSESCOPE_TRACED_CALL;
}

// Whether it carries data: a call always does, of requests only READ and WRITE.
bool is_data(const fusescope_trace_event& event);

// In the file; nothing: not known.
std::optional<std::uint64_t> offset_of(const fusescope_trace_event& event);

// Of what carries data: direct or buffered.
std::optional<fusescope_mode> mode_of(const fusescope_trace_event& event);

// Why a call took several requests.
std::optional<fusescope_cause> cause_of(const fusescope_trace_event& event);

// The process name of an event, any bytes, without the NUL; empty: not known.
std::string comm_of(const fusescope_trace_event& event);

// The name of a call's file, any bytes, cut to FUSESCOPE_FILE_BYTES - 1; empty: not known.
std::string file_of(const fusescope_trace_event& event);

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
// What `fusescope trace` prints, for a terminal.
#pragma once

#include <string>

#include "agent/text/trace_line.h"

namespace fusescope {

// The heads of the columns, of calls or of requests.
std::string trace_head(fusescope_traced kind);

// Adds a line to `text`. What is not known is "?", what a line has no value for is "-". The time is
// that of this host's time zone.
void add_trace_text(std::string& text, const TraceLine& line);

std::string trace_end_text(const TraceEnd& end);

}  // namespace fusescope

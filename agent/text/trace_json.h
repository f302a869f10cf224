// SPDX-License-Identifier: Apache-2.0
// What `fusescope trace` prints, for programs: docs/json.md.
#pragma once

#include <string>

#include "agent/text/trace_line.h"

namespace fusescope {

// Adds an object on a line to `text`.
void add_trace_json(std::string& text, const TraceLine& line);

std::string trace_end_json(const TraceEnd& end);

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
// The report of `fusescope stat`, for programs.
#pragma once

#include <string>

namespace fusescope {

struct StatReport;

// One object on one line: see docs/json.md.
std::string stat_json(const StatReport& report);

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
// The report of `fusescope stat`, for people.
#pragma once

#include <string>

#include "agent/model/stat_report.h"

namespace fusescope {

// Tables, about 100 columns wide; one line where there was no FUSE I/O.
std::string stat_text(const StatReport& report);

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
// The report of `fusescope verify`, for programs.
#pragma once

#include <string>

namespace fusescope {

struct VerifyReport;

// One object on one line: see docs/json.md.
std::string verify_json(const VerifyReport& report);

}  // namespace fusescope

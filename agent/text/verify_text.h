// SPDX-License-Identifier: Apache-2.0
// The report of `fusescope verify`, for people.
#pragma once

#include <string>

#include "agent/model/verify_report.h"

namespace fusescope {

// A table and the verdict, about 100 columns wide.
std::string verify_text(const VerifyReport& report);

}  // namespace fusescope

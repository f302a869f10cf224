// SPDX-License-Identifier: Apache-2.0
// The report of `fusescope doctor`, for programs.
#pragma once

#include <string>

#include "agent/model/diagnosis.h"

namespace fusescope {

// One object on one line: see docs/json.md.
std::string doctor_json(const Diagnosis& diagnosis);

}  // namespace fusescope

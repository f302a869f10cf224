// SPDX-License-Identifier: Apache-2.0
// The report of `fusescope doctor`, for people and for programs.
#pragma once

#include <string>

#include "agent/model/diagnosis.h"

namespace fusescope {

// At most 100 columns wide. Long reasons are cut.
std::string doctor_text(const Diagnosis& diagnosis);

// One object on one line: see docs/json.md.
std::string doctor_json(const Diagnosis& diagnosis);

}  // namespace fusescope

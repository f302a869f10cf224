// SPDX-License-Identifier: Apache-2.0
// The report of `fusescope doctor`, for people.
#pragma once

#include <string>

#include "agent/model/diagnosis.h"

namespace fusescope {

// At most 100 columns wide. Long reasons are cut.
std::string doctor_text(const Diagnosis& diagnosis);

}  // namespace fusescope

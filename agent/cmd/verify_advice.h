// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/verify/protocol.h"

namespace fusescope {

// The way out where a command to verify's worker failed with this errno; empty: there is none to
// tell.
std::string verify_advice(const Command& command, int error);

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "agent/base/error.h"
#include "agent/cmd/trace.h"
#include "agent/probe/loader.h"

namespace fusescope {

// The bit of each opcode of this name. Fails if there is none, or if calls have no such operation.
Result<std::uint64_t> opcodes_of(const std::string& op, bool requests);

// What the kernel side is told, as options say. Fails with a line on what is wrong with them.
Result<TraceKnobs> knobs_of(const TraceOptions& options);

}  // namespace fusescope

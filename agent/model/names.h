// SPDX-License-Identifier: Apache-2.0
// Label values for the kernel side's enumerations: one place for each name.
#pragma once

#include <cstdint>
#include <string>

#include "bpf/abi/abi.h"

namespace fusescope {

const char* name_of(fusescope_op op);          // read, write
const char* name_of(fusescope_mode mode);      // direct, buffered
const char* name_of(fusescope_cause cause);    // max_pages, ...
const char* name_of(fusescope_phase phase);    // blocked, queued, service
const char* name_of(fusescope_origin origin);  // call, readahead, ...
const char* name_of(fusescope_lost reason);    // why something was not counted

// The name of a FUSE opcode in lower case: enum fuse_opcode, include/uapi/linux/fuse.h. Opcodes
// that are not known here are "opcode_N".
std::string opcode_name(std::uint32_t opcode);

// The name of an errno (ENOENT, ...); of a number that is none "errno_N".
std::string error_name(std::uint32_t error);

// Whether a cause can be the reason of a split of such calls at all.
bool cause_applies(fusescope_cause cause, fusescope_op op, fusescope_mode mode);

}  // namespace fusescope

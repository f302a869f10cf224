// SPDX-License-Identifier: Apache-2.0
// Standard input, output and error, and what a command writes.
#pragma once

#include <string>
#include <string_view>

#include "agent/base/error.h"

namespace fusescope {

// Opens those of descriptors 0 to 2 that are closed, so that no file or socket takes their place:
// what is meant for standard error would go there. They stay what they were for all who use them:
// reading and writing fail with EBADF, and a program that is run finds them closed.
Result<void> open_standard_files();

// Writes all of `text`; `what` names the operation and its object in the error. False if nobody
// reads it any more, as behind a pipe to head(1): no failure, but there is no more to be done.
// SIGPIPE is to be ignored.
Result<bool> write_all(int descriptor, std::string_view text, const std::string& what);

// The same, to standard output.
Result<bool> print(std::string_view text);

// Whether nobody reads standard output any more, before anything is written.
bool is_output_closed();

}  // namespace fusescope

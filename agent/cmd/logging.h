// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace fusescope {

// Sends the log to stderr. `level` is debug, info, warn or error; `format` is logfmt or json.
void set_up_logging(const std::string& level, const std::string& format);

}  // namespace fusescope

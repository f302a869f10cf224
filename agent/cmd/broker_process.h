// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/base/unique_fd.h"

namespace fusescope {

// What the broker does: it gives up all privileges but those to look at other processes and, if it
// was root and there is a web config, to read what root may read of its own; answers until the
// other end of the socket is closed; and ends. Without a web config `web_config_file` is empty.
[[noreturn]] void run_broker(UniqueFd socket, const std::string& web_config_file);

}  // namespace fusescope

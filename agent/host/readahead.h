// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace fusescope {

// The readahead window of a FUSE mount in bytes: /sys/class/bdi/NAME/read_ahead_kb, where NAME is
// the bdi_name() of `device`. Nothing if the file is not there. `sys` is the sysfs to read.
std::optional<std::uint64_t> readahead_bytes(std::uint32_t device, const std::string& sys = "/sys");

}  // namespace fusescope

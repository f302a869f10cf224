// SPDX-License-Identifier: Apache-2.0
#include "agent/host/readahead.h"

#include <fstream>

#include "agent/model/bdi_name.h"

namespace fusescope {

std::optional<std::uint64_t> readahead_bytes(std::uint32_t device, const std::string& sys) {
  std::ifstream file(sys + "/class/bdi/" + bdi_name(device) + "/read_ahead_kb");
  std::uint64_t kibibytes = 0;
  if (!(file >> kibibytes)) return std::nullopt;
  return kibibytes * 1024;
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/host/readahead.h"

#include <fstream>

namespace fusescope {

std::optional<std::uint64_t> readahead_bytes(std::uint32_t device, const std::string& sys) {
  const std::string name =
      std::to_string(device >> 20) + ":" + std::to_string(device & ((1U << 20) - 1));
  std::ifstream file(sys + "/class/bdi/" + name + "/read_ahead_kb");
  std::uint64_t kibibytes = 0;
  if (!(file >> kibibytes)) return std::nullopt;
  return kibibytes * 1024;
}

}  // namespace fusescope

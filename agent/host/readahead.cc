// SPDX-License-Identifier: Apache-2.0
#include "agent/host/readahead.h"

#include "agent/host/procfs.h"
#include "agent/model/bdi_name.h"

namespace fusescope {

std::optional<std::uint64_t> readahead_bytes(std::uint32_t device, const std::string& sys) {
  const auto kibibytes = procfs_number(sys + "/class/bdi/" + bdi_name(device) + "/read_ahead_kb");
  if (!kibibytes || *kibibytes < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*kibibytes) * 1024;
}

}  // namespace fusescope

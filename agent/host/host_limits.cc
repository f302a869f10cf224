// SPDX-License-Identifier: Apache-2.0
#include "agent/host/host_limits.h"

#include <unistd.h>

#include <fstream>

namespace fusescope {

HostLimits read_host_limits(const std::string& root) {
  HostLimits host;
  host.page_bytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  std::ifstream file(root + "/proc/sys/fs/fuse/max_pages_limit");
  std::uint64_t pages = 0;
  if (file >> pages) host.max_pages_limit = pages;
  return host;
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
// A mount whose limits and calls a test chooses.
#pragma once

#include "agent/model/limits.h"

namespace fusescope {

inline constexpr std::uint64_t kPage = 4096;

// A host with the default limit of Linux 6.13 and later.
inline HostLimits default_host() { return {.page_bytes = kPage, .max_pages_limit = 256}; }

inline MountSnapshot judged_mount(std::uint32_t pages, std::uint32_t max_read = 1U << 20,
                                  std::uint32_t max_write = 1U << 20) {
  MountSnapshot mount;
  mount.identity = {.mountpoint = "/mnt/a", .fstype = "fuse.x", .source = "x", .device = 7};
  mount.limits = fusescope_limits{};
  mount.limits->max_pages = pages;
  mount.limits->max_read = max_read;
  mount.limits->max_write = max_write;
  mount.limits->big_writes = 1;
  mount.limits->initialized = 1;
  mount.readahead_bytes = 128 << 10;
  return mount;
}

// One call of `requests` requests more, split for a cause; it needs `needed` of them.
inline void add_split(MountSnapshot& mount, fusescope_op op, fusescope_mode mode,
                      fusescope_cause cause, std::uint64_t requests, std::uint64_t needed = 1) {
  fusescope_io_stats& stats = mount.counters.data.ops[op].io[mode];
  stats.requests[4]++;
  stats.splits[cause]++;
  stats.extra_requests[cause] += requests - 1;
  stats.needed_extra_requests += needed - 1;
}

}  // namespace fusescope

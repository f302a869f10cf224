// SPDX-License-Identifier: Apache-2.0
#include "agent/model/stats.h"

#include <algorithm>
#include <numeric>
#include <span>

namespace fusescope {
namespace {

std::uint64_t sum(std::span<const __u64> counters) {
  return std::accumulate(counters.begin(), counters.end(), std::uint64_t{0});
}

}  // namespace

std::uint64_t calls_of(const fusescope_io_stats& stats) { return sum(stats.requests); }

std::uint64_t requests_of(const fusescope_io_stats& stats) {
  const std::uint64_t calls_with_requests = calls_of(stats) - stats.requests[0];
  return calls_with_requests + sum(stats.extra_requests);
}

std::uint64_t minimum_of(const fusescope_io_stats& stats) {
  return requests_of(stats) - excess_of(stats);
}

// The kernel side counts what was needed after what was sent, and may be read in between.
std::uint64_t excess_of(const fusescope_io_stats& stats) {
  const std::uint64_t extra = sum(stats.extra_requests);
  return extra - std::min<std::uint64_t>(extra, stats.needed_extra_requests);
}

std::uint64_t segments_of(const fusescope_io_stats& stats) {
  return calls_of(stats) + stats.extra_segments;
}

std::uint64_t requests_of(const fusescope_data_stats& stats) { return sum(stats.pages); }

std::uint64_t pages_of(const fusescope_data_stats& stats) {
  return requests_of(stats) + stats.extra_pages;
}

std::uint64_t sent_of(const fusescope_mount_stats& stats) {
  return requests_of(stats.ops[FUSESCOPE_READ].data) +
         requests_of(stats.ops[FUSESCOPE_WRITE].data) + stats.sent_others;
}

std::uint64_t count_of(const fusescope_duration_stats& stats) { return sum(stats.slots); }

}  // namespace fusescope

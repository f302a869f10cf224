// SPDX-License-Identifier: Apache-2.0
// Quantiles of the kernel side's histograms. Their slots are powers of two, so that a quantile is
// not known itself, only which slot it lies in.
#pragma once

#include <cstdint>
#include <optional>

#include "bpf/abi/abi.h"

namespace fusescope {

// The quantile is at most `bound`; or, in the last slot, which has no end, more than that.
struct Quantile {
  std::uint64_t bound = 0;
  bool is_more = false;
  bool operator==(const Quantile&) const = default;
};

// Of the requests per call. The nearest rank: the least value such that a share of `quantile`
// (above 0, at most 1) of all is not larger. Nothing: there is no call.
std::optional<Quantile> requests_quantile(const fusescope_io_stats& stats, double quantile);

// Of durations, in microseconds.
std::optional<Quantile> duration_quantile(const fusescope_duration_stats& stats, double quantile);

}  // namespace fusescope

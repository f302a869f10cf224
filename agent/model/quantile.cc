// SPDX-License-Identifier: Apache-2.0
#include "agent/model/quantile.h"

#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>

namespace fusescope {
namespace {

// The slot that holds the value of this rank.
std::optional<std::size_t> slot_of(std::span<const __u64> slots, double quantile) {
  const std::uint64_t count = std::accumulate(slots.begin(), slots.end(), std::uint64_t{0});
  if (count == 0) return std::nullopt;
  const auto rank = static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(count)));
  std::uint64_t passed = 0;
  for (std::size_t slot = 0; slot < slots.size(); slot++) {
    passed += slots[slot];
    if (passed >= rank && passed > 0) return slot;
  }
  return slots.size() - 1;
}

// Slots 0, 1, 2 ... end at 1, 2, 4 ...: bpf/abi/histogram.h. The last one has no end.
Quantile bound_of(std::size_t slot, std::size_t last) {
  if (slot < last) return {.bound = std::uint64_t{1} << slot};
  return {.bound = std::uint64_t{1} << (last - 1), .is_more = true};
}

}  // namespace

std::optional<Quantile> requests_quantile(const fusescope_io_stats& stats, double quantile) {
  const auto slot = slot_of(stats.requests, quantile);
  if (!slot) return std::nullopt;
  if (*slot == 0) return Quantile{};  // calls without any request come first
  return bound_of(*slot - 1, FUSESCOPE_REQUESTS_SLOTS - 2);
}

std::optional<Quantile> duration_quantile(const fusescope_duration_stats& stats, double quantile) {
  const auto slot = slot_of(stats.slots, quantile);
  if (!slot) return std::nullopt;
  return bound_of(*slot, FUSESCOPE_DURATION_SLOTS - 1);
}

}  // namespace fusescope

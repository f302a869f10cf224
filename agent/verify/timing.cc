// SPDX-License-Identifier: Apache-2.0
#include "agent/verify/timing.h"

#include <algorithm>

namespace fusescope {

Spread spread_of(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t last = values.size() - 1;
  return {.median = values[last / 2], .low = values[last / 4], .high = values[last - last / 4]};
}

bool is_stable(const std::vector<double>& values) {
  if (values.size() < kLeastRounds) return false;
  const Spread spread = spread_of(values);
  return spread.high - spread.low <= kStableSpread * spread.median;
}

}  // namespace fusescope

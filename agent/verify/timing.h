// SPDX-License-Identifier: Apache-2.0
// When repeated timings are good enough, and what they say.
#pragma once

#include <cstddef>
#include <vector>

namespace fusescope {

struct Spread {
  double median = 0;
  double low = 0;   // a quarter of the values is lower
  double high = 0;  // a quarter is higher
};

// Of one value at least.
Spread spread_of(std::vector<double> values);

constexpr std::size_t kLeastRounds = 5;
constexpr double kStableSpread = 0.10;

// Whether there are enough values, and the middle half of them lies within a tenth of the median.
bool is_stable(const std::vector<double>& values);

}  // namespace fusescope

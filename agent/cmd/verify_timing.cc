// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/verify_timing.h"

#include <algorithm>
#include <optional>

#include "agent/verify/shapes.h"
#include "agent/verify/timing.h"

namespace fusescope {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kBudget{3};
constexpr double kSlow = 0.5;  // seconds; also 25 rounds of it would not be fast
constexpr std::size_t kMostRounds = 25;

bool is_done(const TimedShape& shape) { return !shape.is_wanted || is_stable(shape.rounds); }

Result<void> time_once(VerifyClient& client, TimedShape& shape) {
  const auto answer = client.give(shape.command);
  if (!answer) return std::unexpected(answer.error());
  if (has_failed(*answer)) {
    shape.is_wanted = false;
  } else {
    shape.rounds.push_back(answer->seconds);
  }
  return {};
}

Spread spread_in(const TimedShape& shape) {
  return spread_of(shape.rounds.empty() ? std::vector{shape.counted_seconds} : shape.rounds);
}

// Of the single calls with which a row is compared.
std::optional<double> singles_of(const std::vector<TimedShape>& timed,
                                 const std::vector<VerifiedShape>& shapes,
                                 const VerifiedShape& row) {
  for (std::size_t i = 0; i < timed.size(); i++) {
    if (timed[i].command.shape == kSingles && shapes[i].op == row.op &&
        shapes[i].mode == row.mode) {
      return spread_in(timed[i]).median;
    }
  }
  return std::nullopt;
}

}  // namespace

Result<void> time_all(VerifyClient& client, std::vector<TimedShape>& timed) {
  const auto begin = Clock::now();
  for (TimedShape& shape : timed) shape.is_wanted &= shape.counted_seconds < kSlow;
  for (std::size_t round = 0; round < kMostRounds; round++) {
    if (std::ranges::all_of(timed, is_done) || (round && Clock::now() - begin > kBudget)) break;
    for (TimedShape& shape : timed) {
      if (!shape.is_wanted) continue;
      if (auto once = time_once(client, shape); !once) return once;
    }
  }
  return {};
}

void add_timings(const std::vector<TimedShape>& timed, std::vector<VerifiedShape>& shapes) {
  for (std::size_t i = 0; i < timed.size(); i++) {
    const Spread spread = spread_in(timed[i]);
    VerifiedShape& row = shapes[i];
    row.rounds = timed[i].rounds.size();
    row.bytes_per_second = kShapeBytes / spread.median;
    row.bytes_per_second_low = kShapeBytes / spread.high;
    row.bytes_per_second_high = kShapeBytes / spread.low;
    if (const auto singles = singles_of(timed, shapes, row))
      row.speed_up = *singles / spread.median;
  }
}

}  // namespace fusescope

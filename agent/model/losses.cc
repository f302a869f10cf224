// SPDX-License-Identifier: Apache-2.0
#include "agent/model/losses.h"

#include <algorithm>
#include <array>

#include "agent/model/names.h"

namespace fusescope {
namespace {

// How what began before the agent is counted ...
constexpr std::array kBeforeBegin = {FUSESCOPE_LOST_UNMATCHED_END, FUSESCOPE_LOST_CALL_BEGINNING};

// ... and what else leaves an end without a beginning, beside skipped programs: no slot for it.
constexpr std::array kOtherCauses = {FUSESCOPE_LOST_INFLIGHT_FULL, FUSESCOPE_LOST_CALLS_FULL,
                                     FUSESCOPE_LOST_GUARD_BUSY};

}  // namespace

Losses losses_of(const SelfSnapshot& self) {
  Losses losses;
  for (int i = 0; i < FUSESCOPE_LOSSES; i++) {
    if (!self.stats.lost[i]) continue;
    losses.emplace_back(name_of(static_cast<fusescope_lost>(i)), self.stats.lost[i]);
  }
  const std::uint64_t missed = skipped_runs(self.programs);
  if (missed) losses.emplace_back("recursion", missed);
  return losses;
}

std::uint64_t sum_of(const Losses& losses) {
  std::uint64_t sum = 0;
  for (const auto& [reason, number] : losses) sum += number;
  return sum;
}

std::uint64_t skipped_runs(const std::vector<ProgramStatus>& programs) {
  std::uint64_t skipped = 0;
  for (const ProgramStatus& program : programs) skipped += program.missed;
  return skipped;
}

Losses losses_since_begin(const SelfSnapshot& self) {
  Losses losses = losses_of(self);
  if (!events_before_begin(self)) return losses;
  for (const fusescope_lost reason : kBeforeBegin) {
    std::erase_if(losses, [&](const auto& loss) { return loss.first == name_of(reason); });
  }
  return losses;
}

std::uint64_t events_before_begin(const SelfSnapshot& self) {
  const auto is_counted = [&](fusescope_lost reason) { return self.stats.lost[reason] != 0; };
  if (std::ranges::any_of(kOtherCauses, is_counted) || skipped_runs(self.programs)) return 0;
  std::uint64_t events = 0;
  for (const fusescope_lost reason : kBeforeBegin) events += self.stats.lost[reason];
  return events;
}

}  // namespace fusescope

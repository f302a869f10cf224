// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "agent/cmd/verify_client.h"
#include "agent/model/verify_report.h"

namespace fusescope {

// A shape that was counted, and how long it takes.
struct TimedShape {
  Command command;               // once
  double counted_seconds = 0;    // for each time that it was counted
  bool is_wanted = true;         // to be done again to be timed
  std::vector<double> rounds{};  // seconds
};

// All in turn, so that what disturbs the host disturbs each of them alike, until they are stable or
// three seconds are over. What is slow, or fails meanwhile, is not done again. Fails as give()
// does.
Result<void> time_all(VerifyClient& client, std::vector<TimedShape>& timed);

// Into the rows, which are those of the same place: of rounds, or of when it was counted.
void add_timings(const std::vector<TimedShape>& timed, std::vector<VerifiedShape>& shapes);

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
// What was not counted, and what of it is no loss.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/model/snapshot.h"

namespace fusescope {

using Losses = std::vector<std::pair<std::string, std::uint64_t>>;

// Events that were not counted, by reason, without those of the value 0. "recursion": programs that
// the kernel skipped, for whatever process.
Losses losses_of(const SelfSnapshot& self);

// The same without what was under way when the agent began: of a request sent before that only the
// end is seen, of a call the rest of its requests. It was never to be counted, and is no loss.
Losses losses_since_begin(const SelfSnapshot& self);

// All of them together.
std::uint64_t sum_of(const Losses& losses);

// How often the kernel skipped a program: see SkipRisk.
std::uint64_t skipped_runs(const std::vector<ProgramStatus>& programs);

// How many events that were: requests that were sent, or calls that were begun, before the agent
// began. 0 as soon as anything else could have left such traces: then all are losses.
std::uint64_t events_before_begin(const SelfSnapshot& self);

}  // namespace fusescope

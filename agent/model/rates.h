// SPDX-License-Identifier: Apache-2.0
// What a mount or a process does in a second.
#pragma once

#include <optional>
#include <vector>

#include "agent/model/judgement.h"
#include "agent/model/snapshot.h"

namespace fusescope {

// All a second, of what has ended.
struct Rates {
  double calls = 0;          // I/O calls
  double call_requests = 0;  // data requests of these
  double call_bytes = 0;     // that these asked for
  double requests = 0;       // of all opcodes
  double bytes = 0;          // carried by data requests, also by those of no call
  double errors = 0;         // replies with an error that nobody asks for: see real_errors()
};

// `judgements` are those of `counted`, which was counted in `seconds`, more than 0.
Rates rates_of(const Counters& counted, const std::vector<Judgement>& judgements, double seconds);

// Data requests for each I/O call; nothing where there was no call.
std::optional<double> requests_per_call(const std::vector<Judgement>& judgements);

}  // namespace fusescope

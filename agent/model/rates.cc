// SPDX-License-Identifier: Apache-2.0
#include "agent/model/rates.h"

#include "agent/model/state.h"
#include "agent/model/stats.h"

namespace fusescope {
namespace {

// Of reads and writes, direct and buffered, together.
std::uint64_t sum_of(const std::vector<Judgement>& judgements, std::uint64_t Judgement::* field) {
  std::uint64_t sum = 0;
  for (const Judgement& each : judgements) sum += each.*field;
  return sum;
}

std::uint64_t bytes_of(const Counters& counters) {
  std::uint64_t bytes = 0;
  for (const auto& op : counters.data.ops) bytes += op.data.bytes;
  return bytes;
}

std::uint64_t errors_of(const Counters& counters) {
  std::uint64_t errors = 0;
  for (const ErrorCount& each : real_errors(counters)) errors += each.replies;
  return errors;
}

}  // namespace

Rates rates_of(const Counters& counted, const std::vector<Judgement>& judgements, double seconds) {
  const auto rate = [seconds](std::uint64_t count) { return static_cast<double>(count) / seconds; };
  return {.calls = rate(sum_of(judgements, &Judgement::calls)),
          .call_requests = rate(sum_of(judgements, &Judgement::requests)),
          .call_bytes = rate(sum_of(judgements, &Judgement::bytes)),
          .requests = rate(count_of(all_durations(counted))),
          .bytes = rate(bytes_of(counted)),
          .errors = rate(errors_of(counted))};
}

std::optional<double> requests_per_call(const std::vector<Judgement>& judgements) {
  const std::uint64_t calls = sum_of(judgements, &Judgement::calls);
  if (!calls) return std::nullopt;
  return static_cast<double>(sum_of(judgements, &Judgement::requests)) / static_cast<double>(calls);
}

}  // namespace fusescope

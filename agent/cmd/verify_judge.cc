// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/verify_judge.h"

#include <algorithm>

#include "agent/model/minimum.h"
#include "agent/model/stats.h"

namespace fusescope {

VerifiedShape verified_shape(fusescope_op op, fusescope_mode mode, const IoShape& shape,
                             std::uint32_t times, const MountSnapshot& counted,
                             const HostLimits& host) {
  const fusescope_op_stats& stats = counted.counters.data.ops[op];
  VerifiedShape verified = {.op = op, .mode = mode, .id = shape.id, .title = shape.title};
  verified.counted = times;
  verified.requests = static_cast<double>(requests_of(stats.io[mode])) / times;
  if (mode == FUSESCOPE_DIRECT) {
    verified.expected =
        shape.calls *
        minimum_requests(segments_of(shape), op, *counted.limits, host.page_bytes).size();
  }
  if (const std::uint64_t requests = requests_of(stats.data)) {
    verified.pages_per_request =
        static_cast<double>(pages_of(stats.data)) / static_cast<double>(requests);
  }
  return verified;
}

VerifiedOp verified_op(fusescope_op op, fusescope_mode mode, const MountSnapshot& counted,
                       const HostLimits& host) {
  VerifiedOp verified = {.op = op, .mode = mode, .verdict = IoVerdict::idle};
  const auto judgements = judge(counted, host);
  const auto found = std::ranges::find_if(
      judgements, [&](const Judgement& each) { return each.op == op && each.mode == mode; });
  if (found == judgements.end()) return verified;
  verified.verdict = found->verdict;
  if (found->verdict <= IoVerdict::ok) return verified;
  verified.cause = found->cause;
  verified.remedy = found->remedy;
  return verified;
}

}  // namespace fusescope

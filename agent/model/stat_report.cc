// SPDX-License-Identifier: Apache-2.0
#include "agent/model/stat_report.h"

#include <algorithm>

namespace fusescope {

Judgement total_of(const StatReport& report) {
  Judgement total;
  for (const MountSnapshot& mount : report.mounts) {
    for (const Judgement& each : judge(mount, report.host)) {
      total.verdict = std::max(total.verdict, each.verdict);
      total.requests += each.requests;
      total.minimum += each.minimum;
      total.excess += each.excess;
      total.split_calls += each.split_calls;
    }
  }
  return total;
}

}  // namespace fusescope

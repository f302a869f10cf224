// SPDX-License-Identifier: Apache-2.0
#include "agent/model/judgement.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "agent/base/enum_name.h"
#include "agent/model/remedy.h"
#include "agent/model/stats.h"

namespace fusescope {
namespace {

std::optional<fusescope_cause> cause_of_most(const fusescope_io_stats& stats, auto&& counts) {
  std::optional<fusescope_cause> most;
  for (int i = 0; i < FUSESCOPE_CAUSES; i++) {
    const auto cause = static_cast<fusescope_cause>(i);
    if (!stats.extra_requests[cause] || !counts(cause)) continue;
    if (!most || stats.extra_requests[cause] > stats.extra_requests[*most]) most = cause;
  }
  return most;
}

// A cause that can be fixed comes before one that is the host's own maximum.
std::optional<fusescope_cause> main_cause(const fusescope_io_stats& stats,
                                          const MountSnapshot& mount, const HostLimits& host) {
  if (stats.splits[FUSESCOPE_CAUSE_UNMERGED]) return FUSESCOPE_CAUSE_UNMERGED;
  const auto can_be_fixed = [&](fusescope_cause cause) {
    return !is_hosts_maximum(cause, mount, host);
  };
  if (const auto fixable = cause_of_most(stats, can_be_fixed)) return fixable;
  return cause_of_most(stats, [](fusescope_cause) { return true; });
}

IoVerdict verdict_of(const Judgement& judgement) {
  if (!judgement.requests) return IoVerdict::idle;
  if (judgement.splits[FUSESCOPE_CAUSE_UNMERGED]) return IoVerdict::broken;
  return judgement.excess ? IoVerdict::limited : IoVerdict::ok;
}

Judgement judge_one(const MountSnapshot& mount, fusescope_op op, fusescope_mode mode,
                    const HostLimits& host) {
  const fusescope_io_stats& stats = mount.counters.data.ops[op].io[mode];
  Judgement judgement;
  judgement.op = op;
  judgement.mode = mode;
  judgement.calls = calls_of(stats);
  judgement.requests = requests_of(stats);
  judgement.excess = excess_of(stats);
  judgement.minimum = judgement.requests - judgement.excess;
  judgement.segments = segments_of(stats);
  judgement.bytes = stats.bytes;
  std::ranges::copy(stats.splits, judgement.splits.begin());
  judgement.split_calls =
      std::accumulate(judgement.splits.begin(), judgement.splits.end(), std::uint64_t{0});
  judgement.verdict = verdict_of(judgement);
  if (!is_split(judgement)) return judgement;
  judgement.cause = main_cause(stats, mount, host);
  judgement.remedy = remedy_of(judgement, *judgement.cause, mount, host);
  return judgement;
}

}  // namespace

const char* name_of(IoVerdict verdict) {
  switch (verdict) {
    case IoVerdict::idle: return "idle";
    case IoVerdict::ok: return "ok";
    case IoVerdict::limited: return "limited";
    case IoVerdict::broken: return "broken";
  }
  not_of_enum(verdict);
}

std::vector<Judgement> judge(const MountSnapshot& mount, const HostLimits& host) {
  std::vector<Judgement> judgements;
  for (const fusescope_op op : {FUSESCOPE_READ, FUSESCOPE_WRITE}) {
    for (const fusescope_mode mode : {FUSESCOPE_DIRECT, FUSESCOPE_BUFFERED}) {
      Judgement judgement = judge_one(mount, op, mode, host);
      if (judgement.calls) judgements.push_back(std::move(judgement));
    }
  }
  return judgements;
}

Judgement worst(const std::vector<Judgement>& judgements) {
  const auto key = [](const Judgement& each) { return std::pair(each.verdict, each.excess); };
  const auto found = std::ranges::max_element(judgements, {}, key);
  return found == judgements.end() ? Judgement{} : *found;
}

std::vector<fusescope_cause> causes_of(const Judgement& judgement) {
  std::vector<fusescope_cause> causes;
  for (int i = 0; i < FUSESCOPE_CAUSES; i++) {
    const auto cause = static_cast<fusescope_cause>(i);
    if (judgement.splits[cause]) causes.push_back(cause);
  }
  return causes;
}

bool is_split(const Judgement& judgement) { return judgement.verdict >= IoVerdict::limited; }

std::string remedy_of(const Judgement& judgement, fusescope_cause cause, const MountSnapshot& mount,
                      const HostLimits& host) {
  if (!is_split(judgement)) return "";
  if (cause != judgement.cause && is_hosts_maximum(cause, mount, host)) return "";
  return remedy_for(cause, judgement.op, judgement.mode, mount, host);
}

}  // namespace fusescope

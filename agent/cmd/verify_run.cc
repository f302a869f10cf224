// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/verify_run.h"

#include <algorithm>
#include <chrono>

#include "agent/host/host_limits.h"
#include "agent/model/minimum.h"
#include "agent/model/remedy.h"
#include "agent/model/stats.h"
#include "agent/text/stat_text.h"
#include "agent/verify/timing.h"

namespace fusescope {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTimingBudget{3};
constexpr std::size_t kMostRounds = 25;

std::vector<std::pair<fusescope_op, std::size_t>> all_cases() {
  std::vector<std::pair<fusescope_op, std::size_t>> cases;
  for (const fusescope_op op : {FUSESCOPE_READ, FUSESCOPE_WRITE}) {
    for (std::size_t shape = 0; shape < io_shapes().size(); shape++) cases.emplace_back(op, shape);
  }
  return cases;
}

// How often a shape is done to be counted. Many calls are so many that once is enough, and as much
// as a slow mount has time for.
std::uint32_t times_counted(const IoShape& shape) { return shape.calls > 1 ? 1 : 4; }

// The limits of a connection that has all that the host allows.
fusescope_limits most_of(const HostLimits& host) {
  fusescope_limits limits{};
  limits.max_pages = static_cast<__u32>(host.most_pages());
  limits.max_read = limits.max_write = static_cast<__u32>(host.most_bytes());
  return limits;
}

// The file was filled without O_DIRECT: a daemon can have all I/O of a file bypass the page cache
// (FOPEN_DIRECT_IO).
bool is_always_direct(const MountSnapshot& filled) {
  return calls_of(filled.counters.data.ops[FUSESCOPE_WRITE].io[FUSESCOPE_DIRECT]) > 0;
}

Error uncounted(const std::string& what) {
  return Error{"count the requests: " + what +
               ": try again, or with other hooks (--hooks, see 'fusescope doctor')"};
}

std::string text_of(const std::vector<std::pair<std::string, std::uint64_t>>& losses) {
  std::string text;
  for (const auto& [reason, number] : losses) {
    text += (text.empty() ? "" : ", ") + std::to_string(number) + " " + reason;
  }
  return text;
}

}  // namespace

fusescope_mode VerifyRun::mode() const {
  return report_.is_direct ? FUSESCOPE_DIRECT : FUSESCOPE_BUFFERED;
}

// The mount as counted so far.
Result<MountSnapshot> VerifyRun::look_at_mount() {
  auto snapshot = counting_.collect();
  if (!snapshot) return std::unexpected(snapshot.error());
  const auto losses = losses_of(snapshot->self);
  if (!losses.empty()) return std::unexpected(uncounted("lost events: " + text_of(losses)));
  const auto found = std::ranges::find(
      snapshot->mounts, device_, [](const MountSnapshot& mount) { return mount.identity.device; });
  if (found == snapshot->mounts.end() || !found->limits || !found->limits->initialized) {
    return std::unexpected(uncounted("this mount's requests are not seen"));
  }
  return *found;
}

std::optional<std::uint64_t> VerifyRun::expected(Case each) const {
  if (!report_.is_direct) return std::nullopt;
  const IoShape& shape = io_shapes()[each.second];
  return shape.calls * minimum_requests(segments_of(shape), each.first, *report_.mount.limits,
                                        report_.host.page_bytes)
                           .size();
}

// As few as the best connection of this host would send for aligned buffers is ok; more is limited,
// up to what the limits of this one ask for; beyond that, the segments are not merged.
void VerifyRun::judge_direct(VerifiedOp& verified, const Judgement& judgement) const {
  const std::uint64_t times = times_counted(io_shapes()[judged_]);
  const std::uint64_t best = minimum_requests(segments_of(io_shapes()[kVectored]), verified.op,
                                              most_of(report_.host), report_.host.page_bytes)
                                 .size();
  if (judgement.requests <= times * best) {
    verified.verdict = IoVerdict::ok;
  } else if (judgement.requests <= times * *expected({verified.op, judged_})) {
    verified.verdict = IoVerdict::limited;
    verified.cause = judgement.cause.value_or(FUSESCOPE_CAUSE_UNKNOWN);
  } else {
    verified.verdict = IoVerdict::broken;
    verified.cause = FUSESCOPE_CAUSE_UNMERGED;
  }
}

// The verdict on what was counted of the shape that it is about.
VerifiedOp VerifyRun::judge_op(fusescope_op op, const MountSnapshot& counted) const {
  VerifiedOp verified = {.op = op, .verdict = IoVerdict::idle, .cause = {}, .remedy = ""};
  const auto judgements = judge(counted, report_.host);
  const auto found = std::ranges::find_if(
      judgements, [&](const Judgement& each) { return each.op == op && each.mode == mode(); });
  if (found == judgements.end()) return verified;
  if (report_.is_direct) {
    judge_direct(verified, *found);
  } else {
    verified.verdict = found->verdict;
    if (verified.verdict > IoVerdict::ok) verified.cause = found->cause;
  }
  if (verified.cause) {
    verified.remedy = remedy_for(*verified.cause, op, mode(), counted, report_.host);
  }
  return verified;
}

// Seconds for each repetition.
Result<double> VerifyRun::run(Case each, std::uint32_t repetitions) {
  const auto done = orders_.give({.step = Step::run,
                                  .op = each.first,
                                  .shape = static_cast<std::uint32_t>(each.second),
                                  .repetitions = repetitions});
  if (!done) return std::unexpected(done.error());
  return done->seconds / repetitions;
}

// What was counted of the mount since the look before, which the report holds.
Result<MountSnapshot> VerifyRun::look_again() {
  auto now = look_at_mount();
  if (!now) return now;
  MountSnapshot since = *now;
  since.counters = difference(now->counters, report_.mount.counters);
  report_.mount = std::move(*now);
  return since;
}

Result<void> VerifyRun::count(Case each) {
  const auto [op, index] = each;
  const IoShape& shape = io_shapes()[index];
  const std::uint32_t times = times_counted(shape);
  if (const auto done = run(each, times); !done) return std::unexpected(done.error());
  const auto counted = look_again();
  if (!counted) return std::unexpected(counted.error());
  const fusescope_op_stats& stats = counted->counters.data.ops[op];
  const std::uint64_t calls = calls_of(stats.io[mode()]);
  const std::uint64_t made = std::uint64_t{times} * shape.calls;
  if (report_.is_direct && calls != made) {
    return std::unexpected(
        uncounted(std::to_string(calls) + " of " + std::to_string(made) + " calls were seen"));
  }
  report_.shapes.push_back(verified_shape(each, stats));
  if (index == judged_) report_.ops.push_back(judge_op(op, *counted));
  return {};
}

VerifiedShape VerifyRun::verified_shape(Case each, const fusescope_op_stats& stats) const {
  const IoShape& shape = io_shapes()[each.second];
  VerifiedShape verified;
  verified.op = each.first;
  verified.id = shape.id;
  verified.title = shape.title;
  verified.counted = times_counted(shape);
  verified.requests = static_cast<double>(requests_of(stats.io[mode()])) / verified.counted;
  verified.expected = expected(each);
  if (const std::uint64_t requests = requests_of(stats.data)) {
    verified.pages_per_request =
        static_cast<double>(pages_of(stats.data)) / static_cast<double>(requests);
  }
  return verified;
}

// All in turn, so that what disturbs the host disturbs each of them alike.
Result<void> VerifyRun::time_all() {
  const auto begin = Clock::now();
  const auto is_enough = [&] {
    return std::ranges::all_of(seconds_, [](const auto& each) { return is_stable(each.second); });
  };
  for (std::size_t round = 0; round < kMostRounds; round++) {
    if (round && (is_enough() || Clock::now() - begin > kTimingBudget)) break;
    for (const Case& each : all_cases()) {
      const auto seconds = run(each, 1);
      if (!seconds) return std::unexpected(seconds.error());
      seconds_[each].push_back(*seconds);
    }
  }
  return {};
}

void VerifyRun::add_timings() {
  const auto cases = all_cases();
  for (std::size_t i = 0; i < cases.size(); i++) {
    const Spread spread = spread_of(seconds_[cases[i]]);
    const Spread singles = spread_of(seconds_[{cases[i].first, kSingles}]);
    VerifiedShape& shape = report_.shapes[i];
    shape.rounds = seconds_[cases[i]].size();
    shape.bytes_per_second = kShapeBytes / spread.median;
    shape.bytes_per_second_low = kShapeBytes / spread.high;
    shape.bytes_per_second_high = kShapeBytes / spread.low;
    shape.speed_up = singles.median / spread.median;
  }
}

Result<VerifyReport> VerifyRun::report() {
  const auto created = orders_.create();
  if (!created) return std::unexpected(created.error());
  report_.host = read_host_limits();
  report_.judged = io_shapes()[judged_].id;
  auto mount = look_at_mount();
  if (!mount) return std::unexpected(mount.error());
  report_.mount = std::move(*mount);
  report_.is_direct = created->is_direct || is_always_direct(report_.mount);
  for (const Case& each : all_cases()) {
    if (auto counted = count(each); !counted) return std::unexpected(counted.error());
  }
  if (verdict_of(report_) == IoVerdict::idle) {
    return std::unexpected(uncounted("no call of these was seen to send one"));
  }
  if (auto timed = time_all(); !timed) return std::unexpected(timed.error());
  add_timings();
  return report_;
}

}  // namespace fusescope

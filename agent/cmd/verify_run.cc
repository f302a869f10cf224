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

constexpr std::uint32_t kCounted = 4;  // times that a shape is done to be counted
constexpr std::chrono::seconds kTimingBudget{5};
constexpr std::size_t kMostRounds = 25;

std::vector<std::pair<fusescope_op, std::size_t>> all_cases() {
  std::vector<std::pair<fusescope_op, std::size_t>> cases;
  for (const fusescope_op op : {FUSESCOPE_READ, FUSESCOPE_WRITE}) {
    for (std::size_t shape = 0; shape < io_shapes().size(); shape++) cases.emplace_back(op, shape);
  }
  return cases;
}

// The limits of a connection that has all that the host allows.
fusescope_limits most_of(const HostLimits& host) {
  fusescope_limits limits{};
  limits.max_pages = static_cast<__u32>(host.most_pages());
  limits.max_read = limits.max_write = static_cast<__u32>(host.most_bytes());
  return limits;
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
  return shape.calls * minimum_requests(segments_of(shape, address_in_page_), each.first,
                                        *report_.mount.limits, report_.host.page_bytes)
                           .size();
}

// Of the call that the verdict is about, as it was counted.
VerifiedOp VerifyRun::judged(fusescope_op op, const MountSnapshot& counted) const {
  VerifiedOp verified = {.op = op, .verdict = IoVerdict::ok, .cause = {}, .remedy = ""};
  const auto judgements = judge(counted, report_.host);
  const auto found = std::ranges::find_if(
      judgements, [&](const Judgement& each) { return each.op == op && each.mode == mode(); });
  if (found == judgements.end()) return verified;
  if (report_.is_direct) {
    const std::uint64_t best = minimum_requests(segments_of(io_shapes()[kVectored], 0), op,
                                                most_of(report_.host), report_.host.page_bytes)
                                   .size();
    if (found->requests <= kCounted * best) return verified;
    const bool is_merged = found->requests <= kCounted * *expected({op, kVectored});
    verified.verdict = is_merged ? IoVerdict::limited : IoVerdict::broken;
    verified.cause =
        is_merged ? found->cause.value_or(FUSESCOPE_CAUSE_UNKNOWN) : FUSESCOPE_CAUSE_UNMERGED;
  } else {
    verified.verdict = std::max(found->verdict, IoVerdict::ok);
    verified.cause = found->cause;
  }
  if (verified.verdict != IoVerdict::ok) {
    verified.remedy = remedy_for(*verified.cause, op, mode(), counted, report_.host);
  }
  return verified;
}

Result<void> VerifyRun::count(Case each) {
  const auto [op, index] = each;
  const IoShape& shape = io_shapes()[index];
  const auto before = look_at_mount();
  if (!before) return std::unexpected(before.error());
  const auto done = orders_.give({.step = Step::run,
                                  .op = op,
                                  .shape = static_cast<std::uint32_t>(index),
                                  .repetitions = kCounted,
                                  .address_in_page = address_in_page_});
  if (!done) return std::unexpected(done.error());
  auto counted = look_at_mount();
  if (!counted) return std::unexpected(counted.error());
  counted->counters = difference(counted->counters, before->counters);
  const fusescope_op_stats& stats = counted->counters.data.ops[op];
  const std::uint64_t calls = calls_of(stats.io[mode()]);
  if (report_.is_direct && calls != kCounted * shape.calls) {
    return std::unexpected(uncounted(std::to_string(calls) + " of " +
                                     std::to_string(kCounted * shape.calls) + " calls were seen"));
  }
  VerifiedShape& verified = report_.shapes.emplace_back();
  verified.op = op;
  verified.id = shape.id;
  verified.title = shape.title;
  verified.requests = static_cast<double>(requests_of(stats.io[mode()])) / kCounted;
  verified.expected = expected(each);
  if (const std::uint64_t requests = requests_of(stats.data)) {
    verified.pages_per_request =
        static_cast<double>(pages_of(stats.data)) / static_cast<double>(requests);
  }
  if (index == kVectored) report_.ops.push_back(judged(op, *counted));
  return {};
}

Result<double> VerifyRun::time_one(Case each) {
  const auto done = orders_.give({.step = Step::run,
                                  .op = each.first,
                                  .shape = static_cast<std::uint32_t>(each.second),
                                  .address_in_page = address_in_page_});
  if (!done) return std::unexpected(done.error());
  return done->seconds;
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
      const auto seconds = time_one(each);
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
    shape.bytes_per_second = kShapeBytes / spread.median;
    shape.bytes_per_second_low = kShapeBytes / spread.high;
    shape.bytes_per_second_high = kShapeBytes / spread.low;
    shape.speed_up = singles.median / spread.median;
  }
}

Result<VerifyReport> VerifyRun::report() {
  const auto created = orders_.create();
  if (!created) return std::unexpected(created.error());
  report_.is_direct = created->is_direct;
  report_.host = read_host_limits();
  report_.address_in_page = address_in_page_;
  auto mount = look_at_mount();
  if (!mount) return std::unexpected(mount.error());
  report_.mount = std::move(*mount);
  for (const Case& each : all_cases()) {
    if (auto counted = count(each); !counted) return std::unexpected(counted.error());
  }
  if (auto timed = time_all(); !timed) return std::unexpected(timed.error());
  add_timings();
  return report_;
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/verify_run.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/cmd/verify_judge.h"
#include "agent/host/host_limits.h"
#include "agent/model/stats.h"

namespace fusescope {
namespace {

constexpr std::array kOps = {FUSESCOPE_READ, FUSESCOPE_WRITE};
constexpr std::array kModes = {FUSESCOPE_DIRECT, FUSESCOPE_BUFFERED};
constexpr std::uint32_t kMoreTimes = 3;  // that a single call is counted, unless it is slow
constexpr double kSlow = 0.5;            // seconds

}  // namespace

VerifyRun::VerifyRun(VerifyClient& client, VerifyWatch& watch, std::size_t judged, std::string file)
    : client_(client), watch_(watch), judged_(judged), file_(std::move(file)) {
  report_.host = read_host_limits();
  shapes_ = io_shapes(report_.host.page_bytes);
  report_.judged = shapes_[judged_].id;
}

Result<VerifyReport> VerifyRun::report() { return finished(test_all()); }

Result<void> VerifyRun::test_all() {
  if (auto made = make_file(); !made) return made;
  if (auto judged = judge_all(); !judged) return judged;
  if (auto counted = count_others(); !counted) return counted;
  if (!is_timed_) return {};
  for (std::size_t i = 0; i < timed_.size(); i++) {
    timed_[i].is_wanted = main_mode(report_.shapes[i].op) == report_.shapes[i].mode;
  }
  return time_all(client_, timed_);
}

// The own file is filled by the shape that is judged: that is the test of buffered writes.
Result<void> VerifyRun::make_file() {
  if (!file_.empty()) {
    for (const fusescope_mode mode : kModes) {
      add_not_tested(FUSESCOPE_WRITE, mode,
                     "with --file nothing is written: give the directory alone");
    }
    return find_file();
  }
  const auto answer = client_.create(judged_);
  if (!answer) return std::unexpected(answer.error());
  if (has_failed(*answer)) {
    const std::string reason = client_.text_of({.step = Step::create}, *answer);
    for (const fusescope_mode mode : kModes) add_not_tested(FUSESCOPE_WRITE, mode, reason);
    return find_file();
  }
  has_file_ = {true, true};
  Done done = {.times = answer->done, .seconds = answer->seconds / answer->done, .reason = ""};
  const Case fill = {.op = FUSESCOPE_WRITE, .is_direct = false, .shape = judged_};
  pending_.emplace_back(fill, std::move(done));
  return look_at_pending();
}

Result<void> VerifyRun::find_file() {
  const auto answer = client_.find(file_);
  if (!answer) return std::unexpected(answer.error());
  has_file_[FUSESCOPE_READ] = !has_failed(*answer);
  if (!has_failed(*answer)) {
    report_.file = answer->name;
    return {};
  }
  Command command = {.step = Step::find};
  std::snprintf(command.name, sizeof command.name, "%s", file_.c_str());
  const std::string reason = client_.text_of(command, *answer);
  for (const fusescope_mode mode : kModes) add_not_tested(FUSESCOPE_READ, mode, reason);
  return {};
}

// Where an own file can be written, but not be read, another may be.
Result<void> VerifyRun::judge_all() {
  const Case direct_read = {.op = FUSESCOPE_READ, .is_direct = true, .shape = judged_};
  const Case direct_write = {.op = FUSESCOPE_WRITE, .is_direct = true, .shape = judged_};
  const Case buffered_read = {.op = FUSESCOPE_READ, .is_direct = false, .shape = judged_};
  if (auto counted = count({direct_read, direct_write}); !counted) return counted;
  if (auto counted = count({buffered_read}); !counted) return counted;
  const bool is_own = file_.empty() && report_.file.empty();
  if (main_mode(FUSESCOPE_READ) || !is_own || !has_file_[FUSESCOPE_READ]) return {};
  if (auto found = find_file(); !found) return found;
  if (auto counted = count({direct_read}); !counted) return counted;
  return count({buffered_read});
}

bool VerifyRun::is_to_be_judged(const Case& each) const {
  if (!has_file_[each.op]) return false;
  return !bypasses_cache_[each.op] || !has_row(each.op, FUSESCOPE_DIRECT, each.shape);
}

Result<void> VerifyRun::count_others() {
  for (std::size_t shape = 0; shape < shapes_.size(); shape++) {
    std::vector<Case> cases;
    for (const fusescope_op op : kOps) {
      const auto mode = main_mode(op);
      if (!mode || has_row(op, *mode, shape)) continue;
      cases.push_back({.op = op, .is_direct = opens_direct(op, *mode), .shape = shape});
    }
    if (auto counted = count(cases); !counted) return counted;
  }
  return {};
}

// One of each operation at most: the counters of the operations are apart.
Result<void> VerifyRun::count(const std::vector<Case>& cases) {
  for (const Case& each : cases) {
    if (!is_to_be_judged(each)) continue;
    auto done = repeat(each);
    if (!done) return std::unexpected(done.error());
    pending_.emplace_back(each, std::move(*done));
  }
  return look_at_pending();
}

Result<void> VerifyRun::look_at_pending() {
  if (pending_.empty()) return {};
  const auto counted = watch_.look();
  if (!counted) return std::unexpected(counted.error());
  report_.mount = *counted;
  for (const auto& [each, done] : std::exchange(pending_, {})) {
    if (auto recorded = record(each, done, *counted); !recorded) return recorded;
  }
  return {};
}

// Many calls are so many that once is enough, and as much as a slow mount has time for.
Result<VerifyRun::Done> VerifyRun::repeat(const Case& each) {
  Command command = command_of(each);
  auto answer = client_.give(command);
  if (!answer) return std::unexpected(answer.error());
  Done done = {.times = 1, .seconds = answer->seconds, .reason = ""};
  if (!has_failed(*answer) && shapes_[each.shape].calls == 1 && done.seconds < kSlow) {
    command.repetitions = kMoreTimes;
    answer = client_.give(command);
    if (!answer) return std::unexpected(answer.error());
    done.times += kMoreTimes;
    done.seconds = (done.seconds + answer->seconds) / done.times;
  }
  if (has_failed(*answer)) done.reason = client_.text_of(command, *answer);
  return done;
}

Command VerifyRun::command_of(const Case& each) {
  return {.step = Step::run,
          .op = each.op,
          .is_direct = each.is_direct,
          .shape = static_cast<std::uint32_t>(each.shape)};
}

// As what the calls were counted: a daemon can have all I/O of a file bypass the page cache.
fusescope_mode VerifyRun::mode_of(const Case& each, const fusescope_op_stats& stats) {
  if (each.is_direct) return FUSESCOPE_DIRECT;
  if (calls_of(stats.io[FUSESCOPE_BUFFERED]) || !calls_of(stats.io[FUSESCOPE_DIRECT])) {
    return FUSESCOPE_BUFFERED;
  }
  bypasses_cache_[each.op] = true;
  return FUSESCOPE_DIRECT;
}

Result<void> VerifyRun::record(const Case& each, const Done& done, const MountSnapshot& counted) {
  if (!done.reason.empty()) {
    add_failed(each, done.reason);
    return {};
  }
  const fusescope_op_stats& stats = counted.counters.data.ops[each.op];
  const fusescope_mode mode = mode_of(each, stats);
  if (has_row(each.op, mode, each.shape)) return {};
  const std::uint64_t made = std::uint64_t{done.times} * shapes_[each.shape].calls;
  const std::uint64_t calls = calls_of(stats.io[mode]);
  if (mode == FUSESCOPE_DIRECT && calls && calls != made) {
    return std::unexpected(
        uncounted(std::to_string(calls) + " of " + std::to_string(made) + " calls were seen"));
  }
  report_.shapes.push_back(
      verified_shape(each.op, mode, shapes_[each.shape], done.times, counted, report_.host));
  timed_.push_back({.command = command_of(each), .counted_seconds = done.seconds});
  if (each.shape == judged_) add(verified_op(each.op, mode, counted, report_.host));
  return {};
}

void VerifyRun::add(VerifiedOp op) {
  std::erase_if(report_.ops,
                [&](const VerifiedOp& each) { return each.op == op.op && each.mode == op.mode; });
  report_.ops.push_back(std::move(op));
}

void VerifyRun::add_failed(const Case& each, const std::string& reason) {
  const fusescope_mode mode = each.is_direct ? FUSESCOPE_DIRECT : FUSESCOPE_BUFFERED;
  if (each.shape == judged_) return add_not_tested(each.op, mode, reason);
  const IoShape& shape = shapes_[each.shape];
  report_.not_run.push_back({each.op, mode, shape.id, shape.title, reason});
}

void VerifyRun::add_not_tested(fusescope_op op, fusescope_mode mode, const std::string& reason) {
  add({.op = op, .mode = mode, .verdict = {}, .cause = {}, .remedy = "", .reason = reason});
}

bool VerifyRun::has_row(fusescope_op op, fusescope_mode mode, std::size_t shape) const {
  return std::ranges::any_of(report_.shapes, [&](const VerifiedShape& each) {
    return each.op == op && each.mode == mode && each.id == shapes_[shape].id;
  });
}

// The mode of which all shapes are done: direct, where it is to be had.
std::optional<fusescope_mode> VerifyRun::main_mode(fusescope_op op) const {
  if (is_tested(report_, op, FUSESCOPE_DIRECT)) return FUSESCOPE_DIRECT;
  if (has_row(op, FUSESCOPE_BUFFERED, judged_)) return FUSESCOPE_BUFFERED;
  return std::nullopt;
}

bool VerifyRun::opens_direct(fusescope_op op, fusescope_mode mode) const {
  return mode == FUSESCOPE_DIRECT && !bypasses_cache_[op];
}

// What there was no time for.
void VerifyRun::add_not_run(const std::string& reason) {
  const auto has_op = [this](fusescope_op op, fusescope_mode mode) {
    return std::ranges::any_of(
        report_.ops, [&](const VerifiedOp& each) { return each.op == op && each.mode == mode; });
  };
  for (const fusescope_op op : kOps) {
    for (const fusescope_mode mode : kModes) {
      if (!has_op(op, mode) && !bypasses_cache_[op]) add_not_tested(op, mode, reason);
    }
    const auto mode = main_mode(op);
    for (std::size_t shape = 0; mode && shape < shapes_.size(); shape++) {
      const auto is_it = [&](const ShapeNotRun& each) {
        return each.op == op && each.id == shapes_[shape].id;
      };
      if (has_row(op, *mode, shape) || std::ranges::any_of(report_.not_run, is_it)) continue;
      report_.not_run.push_back({op, *mode, shapes_[shape].id, shapes_[shape].title, reason});
    }
  }
}

Result<VerifyReport> VerifyRun::finished(const Result<void>& tested) {
  if (!tested && !client_.is_late()) return std::unexpected(tested.error());
  if (!tested) {
    if (auto looked = look_at_pending(); !looked) return std::unexpected(looked.error());
    if (watch_.has_waited(client_.timeout() / 4)) return std::unexpected(tested.error());
    add_not_run("not done within " + std::to_string(client_.timeout().count()) +
                " s: give it more with --timeout");
  }
  if (verdict_of(report_) == IoVerdict::idle) {
    const std::string reasons = untested_text(report_);
    if (!tested || reasons.empty()) {
      return std::unexpected(tested ? uncounted("no call of these was seen to send one")
                                    : tested.error());
    }
    return std::unexpected(Error{"nothing could be tested: " + reasons});
  }
  add_timings(timed_, report_.shapes);
  std::ranges::sort(report_.ops, {},
                    [](const VerifiedOp& op) { return std::pair(op.op, op.mode); });
  std::ranges::stable_sort(report_.shapes, {},
                           [](const VerifiedShape& row) { return std::pair(row.op, row.mode); });
  return report_;
}

}  // namespace fusescope

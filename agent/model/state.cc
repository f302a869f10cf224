// SPDX-License-Identifier: Apache-2.0
#include "agent/model/state.h"

#include <linux/fuse.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <functional>

#include "agent/base/enum_name.h"
#include "agent/model/names.h"
#include "agent/model/quantile.h"
#include "agent/model/stats.h"

namespace fusescope {
namespace {

// The bound of a slot of the histograms, and the first above a second.
constexpr std::uint64_t kSlowMicroseconds = std::uint64_t{1} << 20;
constexpr std::uint64_t kFailingShare = 100;  // one in so many is not too many
constexpr std::size_t kMostNamed = 3;

constexpr std::array kAskedFor = {ENOENT, ENODATA,      ENOSYS,  EOPNOTSUPP, ENOTTY,
                                  EEXIST, ENOTEMPTY,    ENOTDIR, EISDIR,     EXDEV,
                                  ELOOP,  ENAMETOOLONG, ERANGE,  EINTR,      EAGAIN};

bool is_data(std::uint32_t opcode) { return opcode == FUSE_READ || opcode == FUSE_WRITE; }

std::uint64_t data_requests_of(const Counters& counters) {
  std::uint64_t requests = 0;
  for (const auto& op : counters.data.ops) requests += requests_of(op.data);
  return requests;
}

const fusescope_duration_stats* durations_of(const Counters& counters, std::uint32_t opcode) {
  if (opcode == FUSE_READ) return &counters.data.ops[FUSESCOPE_READ].duration;
  if (opcode == FUSE_WRITE) return &counters.data.ops[FUSESCOPE_WRITE].duration;
  const auto found = counters.durations.find(opcode);
  return found == counters.durations.end() ? nullptr : &found->second;
}

bool is_slow(const fusescope_duration_stats& durations) {
  const auto p99 = duration_quantile(durations, 0.99);
  return p99 && (p99->bound > kSlowMicroseconds || p99->is_more);
}

bool has_waited_long(const MountSnapshot& mount) {
  return mount.oldest_age_ns > kSlowMicroseconds * 1000;
}

std::string seconds_text(double seconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), seconds < 9.95 ? "%.1f s" : "%.0f s", seconds);
  return text.data();
}

struct Seen {
  const CountedTime& counted;
  const Judgement& judged;
  const StateRule& rule;
  [[nodiscard]] const MountSnapshot& mount() const { return counted.mount; }
  [[nodiscard]] const Counters& counters() const { return counted.mount.counters; }
};

bool is_hung(const Seen& seen) {
  return static_cast<double>(seen.mount().oldest_age_ns) / 1e9 > seen.rule.hung_after;
}

bool is_split(const Seen& seen) {
  return seen.judged.verdict == IoVerdict::limited || seen.judged.verdict == IoVerdict::broken;
}

// By opcode, so that many lookups do not hide writes that fail.
bool is_failing(const Seen& seen) {
  std::map<std::uint32_t, std::uint64_t> failed;
  for (const ErrorCount& each : real_errors(seen.counters())) {
    failed[each.key.opcode] += each.replies;
  }
  return std::ranges::any_of(failed, [&](const auto& each) {
    const auto* durations = durations_of(seen.counters(), each.first);
    return each.second * kFailingShare > (durations ? count_of(*durations) : 0);
  });
}

bool is_slow(const Seen& seen) {
  const auto& ops = seen.counters().data.ops;
  return has_waited_long(seen.mount()) ||
         std::ranges::any_of(ops, [](const auto& op) { return is_slow(op.duration); });
}

bool is_busy_with_metadata(const Seen& seen) {
  const std::uint64_t others = seen.counters().data.sent_others;
  return others > data_requests_of(seen.counters()) &&
         static_cast<double>(others) >= seen.counted.seconds;
}

bool does_anything(const Seen& seen) {
  const MountSnapshot& mount = seen.mount();
  return mount.in_flight || mount.waiting.value_or(0) || mount.blocked_threads ||
         mount.oldest_age_ns || sent_of(mount.counters.data) ||
         count_of(all_durations(mount.counters));
}

std::string hung_detail(const Seen& seen) {
  const std::uint64_t requests = std::max(seen.mount().in_flight, seen.mount().waiting.value_or(0));
  return std::to_string(requests) + (requests == 1 ? " request" : " requests") +
         " without a reply, the oldest for " + age_of_oldest(seen.mount());
}

std::string split_detail(const Seen& seen) {
  const std::string verdict = name_of(seen.judged.verdict);
  return seen.judged.cause ? verdict + " " + name_of(*seen.judged.cause) : verdict;
}

// At most three, with commas.
template <class Each>
std::string listed(const std::vector<Each>& all, auto&& text_of) {
  std::string text;
  for (std::size_t i = 0; i < std::min(all.size(), kMostNamed); i++) {
    text += (i ? ", " : "") + text_of(all[i]);
  }
  return text;
}

std::string failing_detail(const Seen& seen) {
  return listed(real_errors(seen.counters()), [](const ErrorCount& each) {
    return opcode_name(each.key.opcode) + " " + error_name(each.key.error);
  });
}

std::string slow_detail(const Seen& seen) {
  for (const auto op : {FUSESCOPE_READ, FUSESCOPE_WRITE}) {
    const auto p99 = duration_quantile(seen.counters().data.ops[op].duration, 0.99);
    if (!p99 || !is_slow(seen.counters().data.ops[op].duration)) continue;
    return std::string(name_of(op)) + " p99 " + (p99->is_more ? "> " : "") +
           seconds_text(static_cast<double>(p99->bound) / 1e6);
  }
  return "a request in flight for " + age_of_oldest(seen.mount());
}

std::string busy_detail(const Seen& seen) {
  return listed(busiest_opcodes(seen.counters()),
                [](const OpcodeCount& each) { return opcode_name(each.opcode); });
}

// The worst first.
struct Rule {
  MountState state;
  bool (*holds)(const Seen&);
  std::string (*detail)(const Seen&);
};
constexpr std::array kRules = {
    Rule{MountState::hung, is_hung, hung_detail},
    Rule{MountState::split, is_split, split_detail},
    Rule{MountState::failing, is_failing, failing_detail},
    Rule{MountState::slow, is_slow, slow_detail},
    Rule{MountState::busy_metadata, is_busy_with_metadata, busy_detail},
    Rule{MountState::ok, does_anything, [](const Seen&) { return std::string(); }},
};

}  // namespace

const char* name_of(MountState state) {
  switch (state) {
    case MountState::idle: return "idle";
    case MountState::ok: return "ok";
    case MountState::busy_metadata: return "busy: metadata";
    case MountState::slow: return "slow";
    case MountState::failing: return "failing";
    case MountState::split: return "split";
    case MountState::hung: return "hung";
  }
  not_of_enum(state);
}

StateFinding state_of(const CountedTime& counted, const Judgement& judged, const StateRule& rule) {
  const Seen seen{.counted = counted, .judged = judged, .rule = rule};
  StateFinding finding;
  bool is_found = false;
  for (const Rule& each : kRules) {
    if (is_found && each.state <= MountState::busy_metadata) break;
    if (!each.holds(seen)) continue;
    if (is_found) {
      finding.also.push_back(each.state);
    } else {
      finding = {.state = each.state, .detail = each.detail(seen)};
      is_found = true;
    }
  }
  // What is hung is slow as well: that says nothing more.
  if (finding.state == MountState::hung) std::erase(finding.also, MountState::slow);
  return finding;
}

std::vector<OpcodeCount> busiest_opcodes(const Counters& counters) {
  std::vector<OpcodeCount> opcodes;
  for (const auto& [opcode, durations] : counters.durations) {
    const std::uint64_t requests = count_of(durations);
    if (requests && !is_data(opcode)) opcodes.push_back({.opcode = opcode, .requests = requests});
  }
  std::ranges::stable_sort(opcodes, std::greater(), &OpcodeCount::requests);
  if (opcodes.size() > kMostNamed) opcodes.resize(kMostNamed);
  return opcodes;
}

std::vector<ErrorCount> real_errors(const Counters& counters) {
  std::vector<ErrorCount> errors;
  for (const auto& [key, replies] : counters.errors) {
    if (replies && !is_asked_for(key)) errors.push_back({.key = key, .replies = replies});
  }
  std::ranges::stable_sort(errors, std::greater(), &ErrorCount::replies);
  return errors;
}

bool is_asked_for(const ErrorKey& error) {
  const auto number = static_cast<int>(error.error);
  if (std::ranges::find(kAskedFor, number) != kAskedFor.end()) return true;
  return (number == EACCES || number == EPERM) && !is_data(error.opcode);
}

std::span<const int> asked_for_errors() { return kAskedFor; }

std::string age_of_oldest(const MountSnapshot& mount) {
  if (!mount.oldest_age_ns) return "";
  return (mount.oldest_is_older ? "> " : "") +
         seconds_text(static_cast<double>(mount.oldest_age_ns) / 1e9);
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/text/top_rows.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "agent/model/stats.h"

namespace fusescope {
namespace {

constexpr const char* kKernel = "[kernel]";  // writeback, by no process

const MountSnapshot* earlier_of(const MountSnapshot& mount, const Snapshot* before) {
  if (!before) return nullptr;
  const auto found = std::ranges::find_if(before->mounts, [&](const MountSnapshot& each) {
    return each.identity.mountpoint == mount.identity.mountpoint &&
           each.identity.fstype == mount.identity.fstype;
  });
  if (found == before->mounts.end() || !is_later(mount.counters, found->counters)) return nullptr;
  return &*found;
}

std::optional<double> mean_ms(const fusescope_duration_stats& stats) {
  const std::uint64_t count = count_of(stats);
  if (!count) return std::nullopt;
  return static_cast<double>(stats.sum_ns) / static_cast<double>(count) / 1e6;
}

// Adds what the counters of the time between the snapshots say.
void fill_counted(TopRow& row, const MountSnapshot& counted, double seconds, const HostLimits& host,
                  const StateRule& rule) {
  const auto judgements = judge(counted, host);
  const fusescope_duration_stats durations = all_durations(counted.counters);
  row.rates = rates_of(counted.counters, judgements, seconds);
  row.per_call = requests_per_call(judgements);
  row.p99 = duration_quantile(durations, 0.99);
  row.queued_ms = mean_ms(counted.counters.data.phases[FUSESCOPE_PHASE_QUEUED]);
  row.service_ms = mean_ms(counted.counters.data.phases[FUSESCOPE_PHASE_SERVICE]);
  const Judgement judged = worst(judgements);
  row.verdict = judged.verdict;
  row.cause = judged.cause;
  row.remedy = judged.remedy;
  row.state = state_of({.mount = counted, .seconds = seconds}, judged, rule);
}

// What is hung is told at once: its age does not lie between two snapshots.
std::optional<StateFinding> state_without_rates(const MountSnapshot& now, const StateRule& rule) {
  MountSnapshot uncounted = now;
  uncounted.counters = {};
  StateFinding finding = state_of({.mount = uncounted}, {}, rule);
  return finding.state == MountState::hung ? std::optional(std::move(finding)) : std::nullopt;
}

TopRow row_of(const MountSnapshot& now, const Counters* before, double seconds,
              const HostLimits& host, const StateRule& rule) {
  TopRow row;
  row.name = now.identity.mountpoint;
  row.in_flight = now.in_flight;
  if (now.oldest_age_ns) row.oldest_seconds = static_cast<double>(now.oldest_age_ns) / 1e9;
  row.oldest_is_older = now.oldest_is_older;
  if (!before || seconds <= 0) {
    row.state = state_without_rates(now, rule);
    return row;
  }
  MountSnapshot counted = now;
  counted.counters = difference(now.counters, *before);
  fill_counted(row, counted, seconds, host, rule);
  return row;
}

// What a column is sorted by: whether it is known, then how much.
std::tuple<bool, double> amount_of(const TopRow& row, TopColumn column) {
  const auto known = [](const std::optional<double>& value) {
    return std::tuple(value.has_value(), value.value_or(0));
  };
  const auto rate = [&row](double Rates::* field) {
    return std::tuple(row.rates.has_value(), row.rates ? (*row.rates).*field : 0);
  };
  switch (column) {
    case TopColumn::calls: return rate(&Rates::calls);
    case TopColumn::requests: return rate(&Rates::requests);
    case TopColumn::bytes: return rate(&Rates::bytes);
    case TopColumn::per_call: return known(row.per_call);
    case TopColumn::p99:
      return {row.p99.has_value(),
              row.p99 ? static_cast<double>(row.p99->bound) + (row.p99->is_more ? 1 : 0) : 0};
    case TopColumn::queued: return known(row.queued_ms);
    case TopColumn::service: return known(row.service_ms);
    case TopColumn::in_flight: return {true, static_cast<double>(row.in_flight)};
    case TopColumn::oldest: return known(row.oldest_seconds);
    case TopColumn::state:
      return {row.state.has_value(), row.state ? static_cast<double>(row.state->state) : 0};
    case TopColumn::verdict: return {true, static_cast<double>(row.verdict)};
    case TopColumn::process: return {true, -static_cast<double>(row.process)};
    default: return {true, 0};
  }
}

const std::string& text_of(const TopRow& row, TopColumn column) {
  static const std::string kNone;
  if (column == TopColumn::name) return row.name;
  if (column == TopColumn::why) return row.state ? row.state->detail : kNone;
  return column == TopColumn::mountpoint ? row.mountpoint : kNone;
}

// Whether `left` comes first: by the column, the busier of equal ones, then by name.
bool comes_first(const TopRow& left, const TopRow& right, TopColumn column) {
  const auto key = [column](const TopRow& row) {
    const auto [known, amount] = amount_of(row, column);
    const double verdict = column == TopColumn::state ? static_cast<double>(row.verdict) : 0;
    const auto [counted, requests] = amount_of(row, TopColumn::requests);
    return std::tuple(!known, -amount, -verdict, text_of(row, column), -requests, row.name,
                      row.process);
  };
  return key(left) < key(right);
}

// What a process had counted before; nothing, for one that came since.
Counters earlier_of(const ProcessSnapshot& process, const Snapshot& before) {
  const auto found =
      std::ranges::find(before.processes, process.process, &ProcessSnapshot::process);
  const bool is_same =
      found != before.processes.end() && is_later(process.mount.counters, found->mount.counters);
  return is_same ? found->mount.counters : Counters{};
}

// What waits on its mount is not the process's own.
MountSnapshot own_of(const ProcessSnapshot& process) {
  MountSnapshot own = process.mount;
  own.waiting.reset();
  own.blocked_threads = 0;
  own.oldest_is_older = false;
  return own;
}

std::vector<TopRow> process_rows(const Snapshot& now, const Snapshot* before, double seconds,
                                 const HostLimits& host, const StateRule& rule) {
  std::vector<TopRow> rows;
  for (const ProcessSnapshot& process : now.processes) {
    const Counters earlier = before ? earlier_of(process, *before) : Counters{};
    if (is_empty(difference(process.mount.counters, earlier)) && !process.mount.in_flight) continue;
    TopRow& row = rows.emplace_back(
        row_of(own_of(process), before ? &earlier : nullptr, seconds, host, rule));
    row.mountpoint = std::exchange(row.name, process.process ? process.command : kKernel);
    row.process = process.process;
  }
  return rows;
}

}  // namespace

std::vector<TopRow> top_rows(const Snapshot& now, const Snapshot* before, double seconds,
                             TopView view, const HostLimits& host, const StateRule& rule) {
  if (view == TopView::processes) return process_rows(now, before, seconds, host, rule);
  std::vector<TopRow> rows;
  for (const MountSnapshot& mount : now.mounts) {
    const MountSnapshot* earlier = earlier_of(mount, before);
    rows.push_back(row_of(mount, earlier ? &earlier->counters : nullptr, seconds, host, rule));
  }
  return rows;
}

void sort_rows(std::vector<TopRow>& rows, const TopOrder& order) {
  std::ranges::sort(rows, [&order](const TopRow& left, const TopRow& right) {
    return order.is_reversed ? comes_first(right, left, order.column)
                             : comes_first(left, right, order.column);
  });
}

}  // namespace fusescope

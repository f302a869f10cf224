// SPDX-License-Identifier: Apache-2.0
#include "agent/text/top_text.h"

#include <ranges>
#include <set>

#include "agent/base/list_text.h"
#include "agent/model/diagnosis.h"
#include "agent/model/label_text.h"
#include "agent/model/losses.h"
#include "agent/model/names.h"
#include "agent/text/format.h"
#include "agent/text/table.h"

namespace fusescope {
namespace {

// At most six characters.
std::string few_digits(double value) {
  if (value < 0.05) return "0";
  if (value < 9.95) return fixed(value, 1);
  if (value < 9999.5) return fixed(value, 0);
  if (value < 999'950) return fixed(value / 1e3, 1) + "k";
  return fixed(value / 1e6, 1) + "M";
}

std::string number_text(std::optional<double> value, Digits digits) {
  if (!value) return kNone;
  return digits == Digits::few ? few_digits(*value) : fixed(*value, 1);
}

std::string milliseconds_text(std::optional<double> value) {
  if (!value) return kNone;
  return fixed(*value, *value < 9.9995 ? 3 : 1);
}

// The bound of a slot, in microseconds: 512us, 1.02ms, 67.1s.
std::string bound_text(const std::optional<Quantile>& quantile) {
  if (!quantile) return kNone;
  const auto bound = static_cast<double>(quantile->bound);
  const std::string more = quantile->is_more ? ">" : "";
  if (bound < 1e3) return more + fixed(bound, 0) + "us";
  return more + (bound < 1e6 ? formatted("%.3gms", bound / 1e3) : formatted("%.3gs", bound / 1e6));
}

std::string age_text(double seconds) {
  if (seconds < 9.995) return fixed(seconds, 2) + "s";
  const auto whole = static_cast<unsigned long long>(seconds);
  if (whole < 60) return formatted("%llus", whole);
  if (whole < 3600) return formatted("%llum%02llus", whole / 60, whole % 60);
  return formatted("%lluh%02llum", whole / 3600, whole / 60 % 60);
}

std::string oldest_text(const TopRow& row) {
  if (!row.oldest_seconds) return kNone;
  const std::string at_least = row.oldest_is_older ? ">" : "";
  return at_least + age_text(*row.oldest_seconds);
}

std::string why_text(const TopRow& row) { return row.state ? or_none(row.state->detail) : kNone; }

std::string verdict_text(const TopRow& row) {
  if (!row.rates) return kNone;
  const std::string verdict = name_of(row.verdict);
  const bool has_cause = row.verdict == IoVerdict::limited || row.verdict == IoVerdict::broken;
  return has_cause && row.cause ? verdict + " " + name_of(*row.cause) : verdict;
}

std::optional<double> rate_of(const TopRow& row, double Rates::* field) {
  return row.rates ? std::optional((*row.rates).*field) : std::nullopt;
}

const std::vector<TopColumnFacts> kNumbers = {
    {TopColumn::oldest, "OLDEST", "age of the oldest request in flight", 7, 'o', 0, false},
    {TopColumn::in_flight, "FLIGHT", "requests in flight now", 7, 'f', 0, false},
    {TopColumn::verdict, "VERDICT", "of its I/O calls, and why they are split", 22, 'v', 4, true},
    {TopColumn::requests, "REQ/s", "requests a second, of all opcodes", 8, 'r', 3, false},
    {TopColumn::per_call, "REQ/CALL", "data requests that an I/O call takes", 9, 'x', 5, false},
    {TopColumn::calls, "CALLS/s", "I/O calls a second", 8, 'c', 8, false},
    {TopColumn::bytes, "MB/s", "carried by data requests", 8, 'b', 7, false},
    {TopColumn::p99, "P99", "latency: 99 of 100 requests take at most this", 8, 'l', 6, false},
    {TopColumn::queued, "QUEUED", "ms until the daemon takes a request, mean", 8, 'u', 10, false},
    {TopColumn::service, "SERVICE", "ms from then until its reply, mean", 8, 'e', 9, false},
    {TopColumn::why, "WHY", "the state in a few words: opcodes, errors, age", 26, 'w', 11, true},
};

std::vector<TopColumnFacts> with_numbers(std::vector<TopColumnFacts> columns) {
  columns.insert(columns.end(), kNumbers.begin(), kNumbers.end());
  return columns;
}

std::vector<Align> align_of(const std::vector<TopColumnFacts>& columns) {
  std::vector<Align> aligns;
  for (const auto& each : columns) aligns.push_back(each.is_text ? Align::left : Align::right);
  return aligns;
}

}  // namespace

const std::vector<TopColumnFacts>& columns_of(TopView view) {
  static const auto kMounts = with_numbers({
      {TopColumn::name, "MOUNT", "where it is mounted", 0, 'n', 0, true},
      {TopColumn::state, "STATE", "hung, split, failing, slow, busy, ok or idle", 14, 's', 0, true},
  });
  static const auto kProcesses = with_numbers({
      {TopColumn::process, "PID", "id of the process, of the host", 8, 'i', 1, false},
      {TopColumn::name, "COMMAND", "its name", 16, 'n', 0, true},
      {TopColumn::mountpoint, "MOUNT", "of its latest request", 0, 'm', 2, true},
      {TopColumn::state, "STATE", "hung, split, slow, ok or idle", 14, 's', 0, true},
  });
  return view == TopView::mounts ? kMounts : kProcesses;
}

std::string cell_of(const TopRow& row, TopColumn column, Digits digits) {
  switch (column) {
    case TopColumn::process: return row.process ? std::to_string(row.process) : kNone;
    case TopColumn::name: return printable(row.name);
    case TopColumn::mountpoint: return printable(row.mountpoint);
    case TopColumn::state: return row.state ? name_of(row.state->state) : kNone;
    case TopColumn::why: return why_text(row);
    case TopColumn::verdict: return verdict_text(row);
    case TopColumn::calls: return number_text(rate_of(row, &Rates::calls), digits);
    case TopColumn::requests: return number_text(rate_of(row, &Rates::requests), digits);
    case TopColumn::per_call: return number_text(row.per_call, digits);
    case TopColumn::bytes: {
      const auto rate = rate_of(row, &Rates::bytes);
      return number_text(rate ? std::optional(*rate / 1e6) : rate, digits);
    }
    case TopColumn::p99: return bound_text(row.p99);
    case TopColumn::queued: return milliseconds_text(row.queued_ms);
    case TopColumn::service: return milliseconds_text(row.service_ms);
    case TopColumn::in_flight: return std::to_string(row.in_flight);
    case TopColumn::oldest: return oldest_text(row);
  }
  return kNone;
}

std::string hooks_text(const SelfSnapshot& self) {
  std::set<HookMode> seen;
  std::string modes;
  for (const HookStatus& status : self.hooks) {
    if (status.mode && seen.insert(*status.mode).second) add_to_list(modes, name_of(*status.mode));
  }
  std::string inexact;
  for (const HookStatus& status : inexact_of(self.hooks)) {
    add_to_list(inexact, std::string(name_of(status.role)) + " " + name_of(state_of(status)));
  }
  const std::string text = modes.empty() ? "none" : modes;
  return inexact.empty() ? text : text + " (" + inexact + ")";
}

std::string earlier_text(const TopHeader& header) {
  if (!header.earlier) return "";
  return " (and " + std::to_string(header.earlier) + " begun before top)";
}

std::string top_text(const TopHeader& header, const std::vector<TopRow>& rows) {
  const auto& columns = columns_of(header.view);
  Table table(align_of(columns));
  const auto add = [&](auto cell) {
    auto cells = columns | std::views::transform(cell);
    table.add({cells.begin(), cells.end()});
  };
  add([](const TopColumnFacts& column) { return std::string(column.title); });
  for (const TopRow& row : rows) {
    add([&](const TopColumnFacts& column) { return cell_of(row, column.column, Digits::all); });
  }
  return header.clock + "  " + fixed(header.seconds, 3) + " s  hooks " + header.hooks +
         "  lost events " + std::to_string(header.losses) + earlier_text(header) + "\n" +
         table.text();
}

}  // namespace fusescope

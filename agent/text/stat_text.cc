// SPDX-License-Identifier: Apache-2.0
#include "agent/text/stat_text.h"

#include <algorithm>
#include <array>

#include "agent/base/list_text.h"
#include "agent/model/diagnosis.h"
#include "agent/model/label_text.h"
#include "agent/model/losses.h"
#include "agent/model/names.h"
#include "agent/model/quantile.h"
#include "agent/model/stats.h"
#include "agent/text/format.h"
#include "agent/text/table.h"

namespace fusescope {
namespace {

// Such a request names no thread: bpf/request/requester.bpf.h.
constexpr const char* kNotTold =
    "; RELEASE and writeback requests that a thread of the daemon sent are not attributed to the "
    "command";
constexpr double kMedian = 0.5;
constexpr double kTail = 0.99;

// "4 KiB", "1.5 MiB".
std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array kUnits = {" B", " KiB", " MiB", " GiB", " TiB", " PiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); unit++) value /= 1024;
  const bool is_whole = value == static_cast<double>(static_cast<std::uint64_t>(value));
  return fixed(value, is_whole ? 0 : 1) + kUnits.at(unit);
}

// "512 us", "1.02 ms", "67.1 s".
std::string duration_text(std::uint64_t microseconds) {
  const auto value = static_cast<double>(microseconds);
  if (value < 1e3) return fixed(value, 0) + " us";
  if (value < 1e6) return fixed(value / 1e3, value < 1e4 ? 2 : 1) + " ms";
  return fixed(value / 1e6, value < 1e7 ? 2 : 1) + " s";
}

template <class Text>
std::string quantile_text(const std::optional<Quantile>& quantile, Text text) {
  if (!quantile) return kNone;
  return (quantile->is_more ? ">" : "<=") + text(quantile->bound);
}

std::string ratio(std::uint64_t part, std::uint64_t whole) {
  return whole ? fixed(static_cast<double>(part) / static_cast<double>(whole), 1) : kNone;
}

const fusescope_io_stats& io_of(const MountSnapshot& mount, const Judgement& judged) {
  return mount.counters.data.ops[judged.op].io[judged.mode];
}

std::string calls_text(const MountSnapshot& mount, const std::vector<Judgement>& judgements) {
  if (judgements.empty()) return "";
  Table table;
  table.add({"CALLS", "MODE", "COUNT", "REQUESTS", "NEEDED", "PER CALL", "P99", "MAX",
             "SEGS PER CALL", "BYTES", "VERDICT"});
  for (const Judgement& judged : judgements) {
    const fusescope_io_stats& io = io_of(mount, judged);
    const auto plain = [](std::uint64_t bound) { return std::to_string(bound); };
    table.add({name_of(judged.op), name_of(judged.mode), std::to_string(judged.calls),
               std::to_string(judged.requests), std::to_string(judged.minimum),
               ratio(judged.requests, judged.calls),
               quantile_text(requests_quantile(io, kTail), plain), std::to_string(io.most_requests),
               ratio(judged.segments, judged.calls), bytes_text(judged.bytes),
               name_of(judged.verdict)});
  }
  return table.text();
}

void add_request_row(Table& table, const std::string& name, const std::string& pages,
                     const std::string& bytes, const fusescope_duration_stats& duration,
                     std::uint64_t count) {
  table.add({name, std::to_string(count), pages, bytes,
             quantile_text(duration_quantile(duration, kMedian), duration_text),
             quantile_text(duration_quantile(duration, kTail), duration_text)});
}

std::string requests_text(const MountSnapshot& mount) {
  Table table;
  table.add({"REQUESTS", "COUNT", "PAGES EACH", "BYTES", "P50", "P99"});
  for (const auto op : {FUSESCOPE_READ, FUSESCOPE_WRITE}) {
    const fusescope_op_stats& stats = mount.counters.data.ops[op];
    const std::uint64_t count = requests_of(stats.data);
    if (!count) continue;
    add_request_row(table, name_of(op), ratio(pages_of(stats.data), count),
                    bytes_text(stats.data.bytes), stats.duration, count);
  }
  for (const auto& [opcode, duration] : mount.counters.durations) {
    add_request_row(table, opcode_name(opcode), kNone, kNone, duration, count_of(duration));
  }
  return table.text();
}

// Data requests that no call of the program had to wait for.
std::string origins_text(const MountSnapshot& mount) {
  std::string text;
  for (const auto op : {FUSESCOPE_READ, FUSESCOPE_WRITE}) {
    const fusescope_data_stats& data = mount.counters.data.ops[op].data;
    for (const auto origin :
         {FUSESCOPE_ORIGIN_READAHEAD, FUSESCOPE_ORIGIN_WRITEBACK, FUSESCOPE_ORIGIN_OTHER}) {
      if (!data.origins[origin]) continue;
      add_to_list(text, std::to_string(data.origins[origin]) + " " + name_of(op) + " (" +
                            name_of(origin) + ")");
    }
  }
  return text.empty() ? "" : "  of no call: " + text + "\n";
}

// Why calls took several requests, also where that is as few as this host allows.
std::string splits_text(const MountSnapshot& mount, const Judgement& judged,
                        const HostLimits& host) {
  std::string text;
  const fusescope_io_stats& io = io_of(mount, judged);
  for (const fusescope_cause cause : causes_of(judged)) {
    const std::string start = std::string("  split by ") + name_of(cause) + ": ";
    const std::string remedy = is_split(judged) ? remedy_of(judged, cause, mount, host)
                                                : "this host allows no fewer requests";
    text += wrapped(start,
                    std::to_string(io.splits[cause]) + " " + name_of(judged.mode) + " " +
                        name_of(judged.op) + " calls, " + std::to_string(io.extra_requests[cause]) +
                        " requests more than one each" +
                        (remedy.empty() ? "" : "; " + printable(remedy)),
                    {.indent = 4, .lines = 6}) +
            "\n";
  }
  return text;
}

std::string mount_text(const MountSnapshot& mount, const HostLimits& host) {
  const std::string title = printable(mount.identity.mountpoint);
  const auto judgements = judge(mount, host);
  std::string text = std::string("\n").append(title) + " (" + printable(mount.identity.fstype) +
                     ")\n" + calls_text(mount, judgements) + requests_text(mount) +
                     origins_text(mount);
  for (const Judgement& judged : judgements) text += splits_text(mount, judged, host);
  return text;
}

std::string subject_of(const StatReport& report) {
  if (report.process) return "process " + std::to_string(*report.process);
  std::string text;
  for (const std::string& word : report.command) add_to_list(text, word, " ");
  return std::string("'").append(printable(text)) + "'";
}

std::string lost_text(const SelfSnapshot& self) {
  const std::string text = counts_text(losses_of(self));
  if (text.empty()) return "";
  return wrapped("Lost events: ", text + " (see docs/metrics.md)", {.indent = 2}) + "\n";
}

std::string estimates_text(const SelfSnapshot& self) {
  std::string text;
  for (const HookStatus& role : inexact_of(counting_of(self.hooks))) {
    const std::string start = std::string("Not exact here (") + name_of(role.role) + "): ";
    const bool is_grouped = role.role == Role::call && state_of(role) == RoleState::estimate;
    text +=
        wrapped(start, printable(unseen_of(role)) + (is_grouped ? kNotTold : ""), {.indent = 2}) +
        "\n";
  }
  return text;
}

std::string guess_text(const HostLimits& host) {
  const std::string guess = guess_of(host);
  return guess.empty() ? "" : wrapped("Not known: ", printable(guess), {.indent = 2}) + "\n";
}

std::string ending_of(const StatReport& report) {
  if (report.signal) return ", ended by signal " + std::to_string(*report.signal);
  if (report.exit_code && *report.exit_code) {
    return ", exit code " + std::to_string(*report.exit_code);
  }
  return "";
}

}  // namespace

std::string stat_text(const StatReport& report) {
  const std::string time = fixed(report.seconds, 2) + " s" + ending_of(report);
  const std::string caveats =
      lost_text(report.self) + estimates_text(report.self) + guess_text(report.host);
  if (report.mounts.empty()) {
    return "No FUSE I/O by " + subject_of(report) + " (" + time + ")\n" + lost_text(report.self);
  }
  std::string text =
      wrapped("FUSE I/O of ", subject_of(report) + " (" + time + ")", {.indent = 2}) + "\n";
  for (const MountSnapshot& mount : report.mounts) text += mount_text(mount, report.host);
  return text +
         "\nNEEDED: the fewest requests that these calls need on this host"
         "\n<= and >: the bound of the histogram's bucket that holds it\n" +
         caveats;
}

}  // namespace fusescope

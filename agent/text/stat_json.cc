// SPDX-License-Identifier: Apache-2.0
#include "agent/model/diagnosis.h"
#include "agent/model/judgement.h"
#include "agent/model/label_text.h"
#include "agent/model/names.h"
#include "agent/model/quantile.h"
#include "agent/model/stats.h"
#include "agent/text/json_text.h"
#include "agent/text/stat_text.h"

namespace fusescope {
namespace {

constexpr double kNanosecond = 1e-9;
constexpr double kMicrosecond = 1e-6;

Json or_null(const std::optional<int>& value) { return value ? Json(*value) : Json(); }

Json ratio(std::uint64_t part, std::uint64_t whole) {
  return whole ? Json(static_cast<double>(part) / static_cast<double>(whole)) : Json();
}

// Null where it lies above the last bound.
Json requests_bound(const fusescope_io_stats& io, double quantile) {
  const auto found = requests_quantile(io, quantile);
  return found && !found->is_more ? Json(found->bound) : Json();
}

Json seconds_bound(const fusescope_duration_stats& duration, double quantile) {
  const auto found = duration_quantile(duration, quantile);
  if (!found || found->is_more) return {};
  return static_cast<double>(found->bound) * kMicrosecond;
}

Json splits_json(const Judgement& judged, const MountSnapshot& mount, const HostLimits& host) {
  const fusescope_io_stats& io = mount.counters.data.ops[judged.op].io[judged.mode];
  Json array = Json::array();
  for (int i = 0; i < FUSESCOPE_CAUSES; i++) {
    const auto cause = static_cast<fusescope_cause>(i);
    if (!io.splits[cause]) continue;
    array.push_back({{"cause", name_of(cause)},
                     {"calls", io.splits[cause]},
                     {"extra_requests", io.extra_requests[cause]},
                     {"remedy", text_or_null(remedy_of(judged, cause, mount, host))}});
  }
  return array;
}

Json calls_json(const MountSnapshot& mount, const HostLimits& host) {
  Json array = Json::array();
  for (const Judgement& judged : judge(mount, host)) {
    const fusescope_io_stats& io = mount.counters.data.ops[judged.op].io[judged.mode];
    array.push_back({{"op", name_of(judged.op)},
                     {"mode", name_of(judged.mode)},
                     {"verdict", name_of(judged.verdict)},
                     {"calls", judged.calls},
                     {"requests", judged.requests},
                     {"minimum_requests", judged.minimum},
                     {"excess_requests", judged.excess},
                     {"segments", judged.segments},
                     {"bytes", judged.bytes},
                     {"requests_per_call_mean", ratio(judged.requests, judged.calls)},
                     {"requests_per_call_p99", requests_bound(io, 0.99)},
                     {"requests_per_call_max", io.most_requests},
                     {"split_calls", judged.split_calls},
                     {"splits", splits_json(judged, mount, host)}});
  }
  return array;
}

Json request_json(const std::string& op, std::uint64_t count,
                  const fusescope_duration_stats& duration) {
  return {{"op", op},
          {"requests", count},
          {"bytes", nullptr},
          {"pages", nullptr},
          {"origins", nullptr},
          {"ended", count_of(duration)},
          {"duration_seconds_sum", static_cast<double>(duration.sum_ns) * kNanosecond},
          {"duration_seconds_p50", seconds_bound(duration, 0.5)},
          {"duration_seconds_p99", seconds_bound(duration, 0.99)}};
}

Json data_request_json(fusescope_op op, const fusescope_op_stats& stats) {
  Json json = request_json(name_of(op), requests_of(stats.data), stats.duration);
  json["bytes"] = stats.data.bytes;
  json["pages"] = pages_of(stats.data);
  json["origins"] = Json::object();
  for (int i = 0; i < FUSESCOPE_ORIGINS; i++) {
    json["origins"][name_of(static_cast<fusescope_origin>(i))] = stats.data.origins[i];
  }
  return json;
}

Json requests_json(const Counters& counters) {
  Json array = Json::array();
  for (const auto op : {FUSESCOPE_READ, FUSESCOPE_WRITE}) {
    const fusescope_op_stats& stats = counters.data.ops[op];
    if (requests_of(stats.data)) array.push_back(data_request_json(op, stats));
  }
  for (const auto& [opcode, duration] : counters.durations) {
    array.push_back(request_json(opcode_name(opcode), count_of(duration), duration));
  }
  return array;
}

Json mounts_json(const StatReport& report) {
  Json array = Json::array();
  for (const MountSnapshot& mount : report.mounts) {
    array.push_back({{"mountpoint", to_label(mount.identity.mountpoint)},
                     {"fstype", to_label(mount.identity.fstype)},
                     {"source", text_or_null(mount.identity.source)},
                     {"calls", calls_json(mount, report.host)},
                     {"requests", requests_json(mount.counters)}});
  }
  return array;
}

Json roles_json(const SelfSnapshot& self) {
  Json array = Json::array();
  for (const HookStatus& role : self.hooks) {
    array.push_back({{"role", role.role},
                     {"state", name_of(state_of(role))},
                     {"mode", text_or_null(role.mode)},
                     {"unseen", text_or_null(unseen_of(role))}});
  }
  return array;
}

Json command_json(const std::vector<std::string>& command) {
  if (command.empty()) return {};
  Json array = Json::array();
  for (const std::string& word : command) array.push_back(to_utf8(word));
  return array;
}

}  // namespace

std::string stat_json(const StatReport& report) {
  const Judgement total = total_of(report);
  Json lost = Json::object();
  for (const auto& [reason, count] : losses_of(report.self)) lost[reason] = count;
  const Json object = {{"command", command_json(report.command)},
                       {"process", or_null(report.process)},
                       {"exit_code", or_null(report.exit_code)},
                       {"signal", or_null(report.signal)},
                       {"seconds", report.seconds},
                       {"verdict", name_of(total.verdict)},
                       {"requests", total.requests},
                       {"minimum_requests", total.minimum},
                       {"excess_requests", total.excess},
                       {"split_calls", total.split_calls},
                       {"host_max_pages", report.host.most_pages()},
                       {"host_max_pages_guess", text_or_null(guess_of(report.host))},
                       {"mounts", mounts_json(report)},
                       {"lost", lost},
                       {"roles", roles_json(report.self)}};
  return json_line(object);
}

}  // namespace fusescope

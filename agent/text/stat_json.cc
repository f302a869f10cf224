// SPDX-License-Identifier: Apache-2.0
#include "agent/text/stat_json.h"

#include "agent/model/diagnosis.h"
#include "agent/model/judgement.h"
#include "agent/model/label_text.h"
#include "agent/model/losses.h"
#include "agent/model/names.h"
#include "agent/model/quantile.h"
#include "agent/model/stat_report.h"
#include "agent/model/stats.h"
#include "agent/text/json.h"

namespace fusescope {
namespace {

Json call_json(const Judgement& judged, const MountSnapshot& mount, const HostLimits& host) {
  const fusescope_io_stats& io = mount.counters.data.ops[judged.op].io[judged.mode];
  const auto split_json = [&](fusescope_cause cause) {
    return Json{{"cause", name_of(cause)},
                {"calls", io.splits[cause]},
                {"extra_requests", io.extra_requests[cause]},
                {"remedy", text_or_null(remedy_of(judged, cause, mount, host))}};
  };
  return {{"op", name_of(judged.op)},
          {"mode", name_of(judged.mode)},
          {"verdict", name_of(judged.verdict)},
          {"calls", judged.calls},
          {"requests", judged.requests},
          {"minimum_requests", judged.minimum},
          {"excess_requests", judged.excess},
          {"segments", judged.segments},
          {"bytes", judged.bytes},
          {"requests_per_call_mean", ratio_or_null(judged.requests, judged.calls)},
          {"requests_per_call_p99", bound_or_null(requests_quantile(io, 0.99))},
          {"requests_per_call_max", io.most_requests},
          {"split_calls", judged.split_calls},
          {"splits", array_of(causes_of(judged), split_json)}};
}

Json request_json(const std::string& op, std::uint64_t count,
                  const fusescope_duration_stats& duration) {
  return {{"op", op},
          {"requests", count},
          {"bytes", nullptr},
          {"pages", nullptr},
          {"origins", nullptr},
          {"ended", count_of(duration)},
          {"duration_seconds_sum", seconds_of(duration.sum_ns)},
          {"duration_seconds_p50", seconds_or_null(duration_quantile(duration, 0.5))},
          {"duration_seconds_p99", seconds_or_null(duration_quantile(duration, 0.99))}};
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

Json mount_json(const MountSnapshot& mount, const HostLimits& host) {
  const auto json_of_call = [&](const Judgement& judged) { return call_json(judged, mount, host); };
  return {{"mountpoint", to_label(mount.identity.mountpoint)},
          {"fstype", to_label(mount.identity.fstype)},
          {"source", text_or_null(mount.identity.source)},
          {"calls", array_of(judge(mount, host), json_of_call)},
          {"requests", requests_json(mount.counters)}};
}

Json role_json(const HookStatus& role) {
  return {{"role", name_of(role.role)},
          {"state", name_of(state_of(role))},
          {"mode", name_or_null(role.mode)},
          {"unseen", text_or_null(unseen_of(role))}};
}

Json command_json(const std::vector<std::string>& command) {
  return command.empty() ? Json() : array_of(command, to_utf8);
}

}  // namespace

std::string stat_json(const StatReport& report) {
  const Judgement total = total_of(report);
  const auto json_of_mount = [&](const MountSnapshot& mount) {
    return mount_json(mount, report.host);
  };
  const Json object = {{"command", command_json(report.command)},
                       {"process", value_or_null(report.process)},
                       {"exit_code", value_or_null(report.exit_code)},
                       {"signal", value_or_null(report.signal)},
                       {"seconds", report.seconds},
                       {"verdict", name_of(total.verdict)},
                       {"requests", total.requests},
                       {"minimum_requests", total.minimum},
                       {"excess_requests", total.excess},
                       {"split_calls", total.split_calls},
                       {"host_max_pages", report.host.most_pages()},
                       {"host_max_pages_guess", text_or_null(guess_of(report.host))},
                       {"mounts", array_of(report.mounts, json_of_mount)},
                       {"lost", object_of(losses_of(report.self))},
                       {"roles", array_of(report.self.hooks, role_json)}};
  return json_line(object);
}

}  // namespace fusescope

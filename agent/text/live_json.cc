// SPDX-License-Identifier: Apache-2.0
#include "agent/text/live_json.h"

#include <optional>

#include "agent/model/diagnosis.h"
#include "agent/model/judgement.h"
#include "agent/model/label_text.h"
#include "agent/model/losses.h"
#include "agent/model/mount_look.h"
#include "agent/model/names.h"
#include "agent/model/quantile.h"
#include "agent/model/rates.h"
#include "agent/model/stats.h"
#include "agent/text/json.h"

namespace fusescope {
namespace {

Json rates_json(const MountLook& look) {
  std::optional<Rates> rates;
  if (look.seconds && *look.seconds > 0) {
    rates = rates_of(look.counted.counters, look.judgements, *look.seconds);
  }
  const auto rate = [&](double Rates::* field) { return rates ? Json((*rates).*field) : Json(); };
  return {{"calls_per_second", rate(&Rates::calls)},
          {"requests_per_second", rate(&Rates::call_requests)},
          {"bytes_per_second", rate(&Rates::call_bytes)},
          {"all_requests_per_second", rate(&Rates::requests)},
          {"errors_per_second", rate(&Rates::errors)}};
}

Json opcode_json(const OpcodeCount& count) {
  return {{"op", opcode_name(count.opcode)}, {"requests", count.requests}};
}

Json error_json(const ErrorCount& count) {
  return {{"op", opcode_name(count.key.opcode)},
          {"error", error_name(count.key.error)},
          {"requests", count.replies}};
}

// Of all requests together. A bound; null above the last one, and where there was none.
Json latency_json(const Counters& counted) {
  const fusescope_duration_stats durations = all_durations(counted);
  return {{"mean_seconds", ratio_or_null(seconds_of(durations.sum_ns), count_of(durations))},
          {"p99_seconds", seconds_or_null(duration_quantile(durations, 0.99))}};
}

Json oldest_seconds_json(const MountSnapshot& mount) {
  return mount.oldest_age_ns ? Json(seconds_of(mount.oldest_age_ns)) : Json();
}

Json binding_json(const MountSnapshot& mount, fusescope_op op, const HostLimits& host) {
  const auto binding = binding_of(mount, op, FUSESCOPE_DIRECT, host);
  if (!binding) return {};
  return {{"limit", name_of(binding->limit)},
          {"bytes", binding->bytes},
          {"next", name_of(binding->next)},
          {"next_bytes", binding->next_bytes}};
}

Json limits_json(const MountSnapshot& mount) {
  const bool is_known = mount.limits.has_value();
  const fusescope_limits limits = mount.limits.value_or(fusescope_limits{});
  const auto known = [&](auto value) { return is_known ? Json(value) : Json(); };
  return {{"max_pages", known(limits.max_pages)},
          {"max_read_bytes", known(limits.max_read)},
          {"max_write_bytes", known(limits.max_write)},
          {"max_background", known(limits.max_background)},
          {"congestion_threshold", known(limits.congestion_threshold)},
          {"readahead_bytes", value_or_null(mount.readahead_bytes)},
          {"async_dio", known(limits.async_dio != 0)},
          {"writeback_cache", known(limits.writeback_cache != 0)},
          {"big_writes", known(limits.big_writes != 0)},
          {"transport", transport_of(mount)}};
}

Json call_json(const Judgement& judgement) {
  const auto split_json = [&](fusescope_cause cause) {
    return Json{{"cause", name_of(cause)}, {"calls", judgement.splits[cause]}};
  };
  return {{"op", name_of(judgement.op)},
          {"mode", name_of(judgement.mode)},
          {"calls", judgement.calls},
          {"requests", judgement.requests},
          {"minimum_requests", judgement.minimum},
          {"excess_requests", judgement.excess},
          {"verdict", name_of(judgement.verdict)},
          {"segments", judgement.segments},
          {"bytes", judgement.bytes},
          {"split_calls", judgement.split_calls},
          {"splits", array_of(causes_of(judgement), split_json)}};
}

Json since_start_json(const std::vector<Judgement>& judgements) {
  const Judgement judged = worst(judgements);
  return {{"verdict", name_of(judged.verdict)},
          {"cause", name_or_null(judged.cause)},
          {"remedy", text_or_null(judged.remedy)},
          {"calls", array_of(judgements, call_json)}};
}

Json mount_json(const MountSnapshot& mount, const LiveReport& report) {
  const MountLook look = look_at(mount, report.recent, report.host, report.rule);
  const Judgement& judged = look.judged;
  const Counters& counted = look.counted.counters;
  return {
      {"mountpoint", to_label(mount.identity.mountpoint)},
      {"fstype", to_label(mount.identity.fstype)},
      {"source", to_label(mount.identity.source)},
      {"window_seconds", value_or_null(look.seconds)},
      {"state", name_of(look.finding.state)},
      {"state_rank", static_cast<int>(look.finding.state)},
      {"state_detail", text_or_null(look.finding.detail)},
      {"state_also", array_of(look.finding.also, [](MountState each) { return name_of(each); })},
      {"opcodes", array_of(busiest_opcodes(counted), opcode_json)},
      {"errors", array_of(real_errors(counted), error_json)},
      {"latency", latency_json(counted)},
      {"verdict", name_of(judged.verdict)},
      {"worst_op", name_of(judged.op)},
      {"worst_mode", name_of(judged.mode)},
      {"cause", name_or_null(judged.cause)},
      {"remedy", text_or_null(judged.remedy)},
      {"requests_per_call", value_or_null(requests_per_call(look.judgements))},
      {"rates", rates_json(look)},
      {"in_flight", mount.in_flight},
      {"waiting", value_or_null(mount.waiting)},
      {"oldest_seconds", oldest_seconds_json(mount)},
      {"oldest_is_older", mount.oldest_is_older},
      {"limits", limits_json(mount)},
      {"binds",
       {{"read", binding_json(mount, FUSESCOPE_READ, report.host)},
        {"write", binding_json(mount, FUSESCOPE_WRITE, report.host)}}},
      {"since_start", since_start_json(judge(mount, report.host))}};
}

Json role_json(const HookStatus& status) {
  return {{"role", name_of(status.role)},
          {"state", name_of(state_of(status))},
          {"unseen", text_or_null(unseen_of(status))}};
}

}  // namespace

std::string live_json(const LiveReport& report) {
  const Snapshot& now = report.recent.newest().snapshot;
  const auto json_of_mount = [&](const MountSnapshot& mount) { return mount_json(mount, report); };
  const Json object = {{"window_seconds", value_or_null(report.recent.seconds())},
                       {"waiting", text_or_null(report.waiting)},
                       {"roles", array_of(now.self.hooks, role_json)},
                       {"lost", object_of(losses_since_begin(now.self))},
                       {"begun_earlier", events_before_begin(now.self)},
                       {"host_max_pages", report.host.most_pages()},
                       {"host_max_pages_guess", text_or_null(guess_of(report.host))},
                       {"mounts", array_of(now.mounts, json_of_mount)}};
  return json_line(object);
}

}  // namespace fusescope

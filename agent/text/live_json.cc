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
#include "agent/model/stats.h"
#include "agent/text/json_text.h"

namespace fusescope {
namespace {

Json cause_or_null(const std::optional<fusescope_cause>& cause) {
  return cause ? Json(name_of(*cause)) : Json();
}

struct Sums {
  std::uint64_t calls = 0;
  std::uint64_t requests = 0;
  std::uint64_t bytes = 0;
};

Sums sums_of(const std::vector<Judgement>& judgements) {
  Sums sums;
  for (const Judgement& each : judgements) {
    sums.calls += each.calls;
    sums.requests += each.requests;
    sums.bytes += each.bytes;
  }
  return sums;
}

Json rate(std::uint64_t number, const Json& seconds) {
  return seconds.is_null() ? Json() : Json(static_cast<double>(number) / seconds.get<double>());
}

Json rates_json(const Sums& sums, const Counters& counted, const Json& seconds) {
  std::uint64_t errors = 0;
  for (const ErrorCount& each : real_errors(counted)) errors += each.replies;
  return {{"calls_per_second", rate(sums.calls, seconds)},
          {"requests_per_second", rate(sums.requests, seconds)},
          {"bytes_per_second", rate(sums.bytes, seconds)},
          {"all_requests_per_second", rate(count_of(all_durations(counted)), seconds)},
          {"errors_per_second", rate(errors, seconds)}};
}

Json names_json(const std::vector<MountState>& states) {
  Json names = Json::array();
  for (const MountState each : states) names.push_back(name_of(each));
  return names;
}

Json opcodes_json(const Counters& counted) {
  Json opcodes = Json::array();
  for (const OpcodeCount& each : busiest_opcodes(counted)) {
    opcodes.push_back({{"op", opcode_name(each.opcode)}, {"requests", each.requests}});
  }
  return opcodes;
}

Json errors_json(const Counters& counted) {
  Json errors = Json::array();
  for (const ErrorCount& each : real_errors(counted)) {
    errors.push_back({{"op", opcode_name(each.key.opcode)},
                      {"error", error_name(each.key.error)},
                      {"requests", each.replies}});
  }
  return errors;
}

// Of all requests together. A bound; null above the last one, and where there was none.
Json latency_json(const Counters& counted) {
  const fusescope_duration_stats durations = all_durations(counted);
  const std::uint64_t count = count_of(durations);
  const auto p99 = duration_quantile(durations, 0.99);
  const bool is_bound = p99 && !p99->is_more;
  return {{"mean_seconds",
           count ? Json(static_cast<double>(durations.sum_ns) / 1e9 / static_cast<double>(count))
                 : Json()},
          {"p99_seconds", is_bound ? Json(static_cast<double>(p99->bound) / 1e6) : Json()}};
}

Json oldest_seconds_json(const MountSnapshot& mount) {
  return mount.oldest_age_ns ? Json(static_cast<double>(mount.oldest_age_ns) / 1e9) : Json();
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
          {"readahead_bytes", mount.readahead_bytes ? Json(*mount.readahead_bytes) : Json()},
          {"async_dio", known(limits.async_dio != 0)},
          {"writeback_cache", known(limits.writeback_cache != 0)},
          {"big_writes", known(limits.big_writes != 0)},
          {"transport", transport_of(mount)}};
}

Json call_json(const Judgement& judgement) {
  Json splits = Json::array();
  for (int i = 0; i < FUSESCOPE_CAUSES; i++) {
    const auto cause = static_cast<fusescope_cause>(i);
    if (!judgement.splits[cause]) continue;
    splits.push_back({{"cause", name_of(cause)}, {"calls", judgement.splits[cause]}});
  }
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
          {"splits", splits}};
}

Json since_start_json(const std::vector<Judgement>& judgements) {
  const Judgement judged = worst(judgements);
  Json calls = Json::array();
  for (const Judgement& each : judgements) calls.push_back(call_json(each));
  return {{"verdict", name_of(judged.verdict)},
          {"cause", cause_or_null(judged.cause)},
          {"remedy", text_or_null(judged.remedy)},
          {"calls", calls}};
}

Json mount_json(const MountSnapshot& mount, const LiveReport& report) {
  const MountLook look = look_at(mount, report.recent, report.host, report.rule);
  const Json seconds = look.seconds ? Json(*look.seconds) : Json();
  const Judgement& judged = look.judged;
  const Counters& counted = look.counted.counters;
  const Sums sums = sums_of(look.judgements);
  return {{"mountpoint", to_label(mount.identity.mountpoint)},
          {"fstype", to_label(mount.identity.fstype)},
          {"source", to_label(mount.identity.source)},
          {"window_seconds", seconds},
          {"state", name_of(look.finding.state)},
          {"state_rank", static_cast<int>(look.finding.state)},
          {"state_detail", text_or_null(look.finding.detail)},
          {"state_also", names_json(look.finding.also)},
          {"opcodes", opcodes_json(counted)},
          {"errors", errors_json(counted)},
          {"latency", latency_json(counted)},
          {"verdict", name_of(judged.verdict)},
          {"worst_op", name_of(judged.op)},
          {"worst_mode", name_of(judged.mode)},
          {"cause", cause_or_null(judged.cause)},
          {"remedy", text_or_null(judged.remedy)},
          {"requests_per_call",
           sums.calls ? Json(static_cast<double>(sums.requests) / static_cast<double>(sums.calls))
                      : Json()},
          {"rates", rates_json(sums, counted, seconds)},
          {"in_flight", mount.in_flight},
          {"waiting", mount.waiting ? Json(*mount.waiting) : Json()},
          {"oldest_seconds", oldest_seconds_json(mount)},
          {"oldest_is_older", mount.oldest_is_older},
          {"limits", limits_json(mount)},
          {"binds",
           {{"read", binding_json(mount, FUSESCOPE_READ, report.host)},
            {"write", binding_json(mount, FUSESCOPE_WRITE, report.host)}}},
          {"since_start", since_start_json(judge(mount, report.host))}};
}

Json roles_json(const SelfSnapshot& self) {
  Json roles = Json::array();
  for (const HookStatus& status : self.hooks) {
    roles.push_back({{"role", status.role},
                     {"state", name_of(state_of(status))},
                     {"unseen", text_or_null(unseen_of(status))}});
  }
  return roles;
}

}  // namespace

std::string live_json(const LiveReport& report) {
  const auto seconds = report.recent.seconds();
  const Snapshot& now = report.recent.newest().snapshot;
  Json mounts = Json::array();
  for (const MountSnapshot& mount : now.mounts) mounts.push_back(mount_json(mount, report));
  Json lost = Json::object();
  for (const auto& [reason, number] : losses_since_begin(now.self)) lost[reason] = number;
  const Json object = {{"window_seconds", seconds ? Json(*seconds) : Json()},
                       {"waiting", text_or_null(report.waiting)},
                       {"roles", roles_json(now.self)},
                       {"lost", lost},
                       {"begun_earlier", events_before_begin(now.self)},
                       {"host_max_pages", report.host.most_pages()},
                       {"host_max_pages_guess", text_or_null(guess_of(report.host))},
                       {"mounts", mounts}};
  return json_line(object);
}

}  // namespace fusescope

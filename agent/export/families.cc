// SPDX-License-Identifier: Apache-2.0
#include "agent/export/families.h"

#include <algorithm>
#include <utility>

#include "agent/export/family_builder.h"
#include "agent/model/label_text.h"
#include "agent/model/losses.h"
#include "agent/model/names.h"
#include "agent/model/stats.h"

namespace fusescope {
namespace {

using Labels = FamilyBuilder::Labels;

Labels with(const Labels& labels, Labels more) {
  Labels all = labels;
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

void add_calls(FamilyBuilder& builder, const fusescope_io_stats& stats, fusescope_op op,
               fusescope_mode mode) {
  const Labels call = {{"op", name_of(op)}, {"mode", name_of(mode)}};
  builder.histogram(kIoRequests, call,
                    histogram_of(stats.requests, static_cast<double>(requests_of(stats)), 1, true));
  builder.count(kIoSegments, call, segments_of(stats));
  builder.count(kIoBytes, call, stats.bytes);
  builder.count(kIoMinimumRequests, call, minimum_of(stats));
  for (int i = 0; i < FUSESCOPE_CAUSES; i++) {
    const auto cause = static_cast<fusescope_cause>(i);
    if (!cause_applies(cause, op, mode) && !stats.splits[i]) continue;
    const Labels split = with(call, {{"cause", name_of(cause)}});
    builder.count(kIoSplits, split, stats.splits[i]);
    builder.count(kIoExtraRequests, split, stats.extra_requests[i]);
  }
}

void add_data_requests(FamilyBuilder& builder, const fusescope_data_stats& stats, fusescope_op op) {
  const Labels data = {{"op", name_of(op)}};
  builder.histogram(kRequestPages, data,
                    histogram_of(stats.pages, static_cast<double>(pages_of(stats)), 1, false));
  builder.count(kRequestBytes, data, stats.bytes);
  for (int i = 0; i < FUSESCOPE_ORIGINS; i++) {
    const auto origin = static_cast<fusescope_origin>(i);
    builder.count(kRequestOrigin, with(data, {{"origin", name_of(origin)}}), stats.origins[i]);
  }
}

void add_duration(FamilyBuilder& builder, const std::string& op,
                  const fusescope_duration_stats& stats) {
  builder.histogram(
      kRequestDuration, {{"op", op}},
      histogram_of(stats.slots, static_cast<double>(stats.sum_ns) / 1e9, 1e-6, false));
}

// Only what was seen: where no hook shows when the daemon takes a request, there are no phases.
void add_phases(FamilyBuilder& builder, const fusescope_mount_stats& stats) {
  for (int i = 0; i < FUSESCOPE_PHASES; i++) {
    const fusescope_duration_stats& phase = stats.phases[i];
    if (!count_of(phase)) continue;
    builder.histogram(
        kRequestPhase, {{"phase", name_of(static_cast<fusescope_phase>(i))}},
        histogram_of(phase.slots, static_cast<double>(phase.sum_ns) / 1e9, 1e-6, false));
  }
}

void add_errors(FamilyBuilder& builder, const Counters& counters) {
  for (const auto& [key, count] : counters.errors) {
    builder.count(kRequestErrors,
                  {{"op", opcode_name(key.opcode)}, {"error", error_name(key.error)}}, count);
  }
  builder.count(kInterrupts, {}, counters.data.interrupted);
}

void add_limits(FamilyBuilder& builder, const MountSnapshot& mount) {
  if (mount.readahead_bytes) builder.count(kReadahead, {}, *mount.readahead_bytes);
  if (!mount.limits || !mount.limits->initialized) return;
  const fusescope_limits& limits = *mount.limits;
  builder.count(kMaxRead, {}, limits.max_read);
  builder.count(kMaxWrite, {}, limits.max_write);
  builder.count(kMaxPages, {}, limits.max_pages);
  builder.count(kMaxBackground, {}, limits.max_background);
  builder.count(kCongestionThreshold, {}, limits.congestion_threshold);
  builder.count(kBackground, {}, limits.background);
}

void add_info(FamilyBuilder& builder, const MountSnapshot& mount) {
  builder.number(kMountInfo,
                 {{"source", to_label(mount.identity.source)},
                  {"connection", std::to_string(mount.identity.device)},
                  {"transport", transport_of(mount)}},
                 1);
}

void add_blocked(FamilyBuilder& builder, const MountSnapshot& mount) {
  builder.count(kBlockedThreads, {}, mount.blocked_threads);
  builder.number(kBlockedSeconds, {}, static_cast<double>(mount.counters.data.blocked_ns) / 1e9);
}

Labels labels_of(const MountSnapshot& mount) {
  return {{"mountpoint", to_label(mount.identity.mountpoint)},
          {"fstype", to_label(mount.identity.fstype)}};
}

void add_mount(FamilyBuilder& builder, const MountSnapshot& mount, const SelfSnapshot& self) {
  const bool sees_calls = is_filled(self.hooks, Role::call);
  builder.begin_mount(labels_of(mount));
  for (int i = 0; i < FUSESCOPE_OPS; i++) {
    const auto op = static_cast<fusescope_op>(i);
    const fusescope_op_stats& stats = mount.counters.data.ops[i];
    for (int j = 0; sees_calls && j < FUSESCOPE_MODES; j++) {
      add_calls(builder, stats.io[j], op, static_cast<fusescope_mode>(j));
    }
    add_data_requests(builder, stats.data, op);
    if (count_of(stats.duration)) add_duration(builder, name_of(op), stats.duration);
  }
  for (const auto& [opcode, duration] : mount.counters.durations) {
    add_duration(builder, opcode_name(opcode), duration);
  }
  add_phases(builder, mount.counters.data);
  builder.count(kRequestsSent, {}, sent_of(mount.counters.data));
  add_errors(builder, mount.counters);
  builder.count(kInFlight, {}, mount.in_flight);
  builder.number(kOldestAge, {}, static_cast<double>(mount.oldest_age_ns) / 1e9);
  if (mount.waiting) builder.count(kWaiting, {}, *mount.waiting);
  if (is_filled(self.hooks, Role::blocked)) add_blocked(builder, mount);
  if (mount.identity.device) add_info(builder, mount);
  add_limits(builder, mount);
}

void add_programs(FamilyBuilder& builder, const std::vector<ProgramStatus>& programs) {
  for (const ProgramStatus& program : programs) {
    if (!program.runs) continue;  // the kernel keeps no statistics unless told to
    const Labels labels = {{"program", program.name}};
    builder.number(kProgramSeconds, labels, static_cast<double>(program.run_nanoseconds) / 1e9);
    builder.count(kProgramRuns, labels, program.runs);
  }
}

void add_confinement(FamilyBuilder& builder, const Confinement& confinement) {
  for (const auto& [measure, is_in_force] : {std::pair{"user", confinement.user},
                                             {"capabilities", confinement.capabilities},
                                             {"system_calls", confinement.system_calls},
                                             {"broker", confinement.broker}}) {
    builder.number(kConfinement, {{"measure", measure}}, is_in_force ? 1 : 0);
  }
}

// How well mounts are known.
void add_mount_tables(FamilyBuilder& builder, const SelfSnapshot& self) {
  builder.count(kMountsDropped, {}, self.mounts_dropped);
  builder.count(kMountsUnnamed, {}, self.mounts_unnamed);
  builder.count(kMountsRenamed, {}, self.mounts_renamed);
  builder.count(kMountsForgotten, {}, self.mounts_forgotten);
  builder.count(kMountTablesRepeated, {}, self.mount_tables_repeated);
  builder.count(kMountTablesCut, {}, self.mount_tables_cut);
  if (self.mount_tables_age_seconds) {
    builder.number(kMountTablesAge, {}, *self.mount_tables_age_seconds);
  }
}

void add_self(FamilyBuilder& builder, const Snapshot& snapshot, const ExportContext& context) {
  const SelfSnapshot& self = snapshot.self;
  builder.number(kBuildInfo, {{"version", context.version}, {"revision", context.revision}}, 1);
  for (const HookStatus& hook : self.hooks) {
    const char* role = name_of(hook.role);
    const char* mode = hook.mode ? name_of(*hook.mode) : "";
    if (hook.programs.empty()) {
      const HookReason reason = reason_of(hook, self.hooks, context.conditions);
      builder.number(kHookMissing, {{"role", role}, {"reason", name_of(reason)}}, 1);
    }
    for (const std::string& program : hook.programs) {
      builder.number(kHookInfo, {{"role", role}, {"program", program}, {"mode", mode}}, 1);
    }
  }
  for (int i = 0; i < FUSESCOPE_LOSSES; i++) {
    builder.count(kLostEvents, {{"reason", name_of(static_cast<fusescope_lost>(i))}},
                  self.stats.lost[i]);
  }
  builder.count(kLostEvents, {{"reason", "recursion"}}, skipped_runs(self.programs));
  builder.count(kInflightCollisions, {}, self.stats.notes[FUSESCOPE_NOTE_INFLIGHT_COLLISION]);
  builder.count(kCallsEstimated, {}, self.stats.notes[FUSESCOPE_NOTE_CALL_ESTIMATED]);
  const auto is_mounted = [](const MountSnapshot& mount) { return mount.identity.device != 0; };
  builder.count(kMounts, {},
                static_cast<std::uint64_t>(std::ranges::count_if(snapshot.mounts, is_mounted)));
  add_mount_tables(builder, self);
  builder.number(kScrapeDuration, {}, context.scrape_seconds);
  if (const auto in_force = context.web.config_is_in_force) {
    builder.number(kWebConfig, {}, *in_force ? 1 : 0);
  }
  add_confinement(builder, context.web.confinement);
  for (const auto& [key, count] : context.web.requests) {
    builder.count(kHttpRequests, {{"handler", key.handler}, {"code", std::to_string(key.status)}},
                  count);
  }
  const auto& [http, housekeeping] = context.web.exceptions;
  builder.count(kInternalErrors, {{"where", "http"}}, http);
  builder.count(kInternalErrors, {{"where", "housekeeping"}}, housekeeping);
  add_programs(builder, self.programs);
}

}  // namespace

void each_family(const Snapshot& snapshot, const ExportContext& context, const TakeFamily& take) {
  FamilyBuilder builder;
  for (std::size_t i = 0; i < snapshot.mounts.size(); i++) {
    add_mount(builder, snapshot.mounts[i], snapshot.self);
    if (i < context.states.size()) {
      builder.count(kMountState, {}, static_cast<std::uint64_t>(context.states[i]));
    }
  }
  builder.end_mounts();
  add_self(builder, snapshot, context);
  builder.give(take);
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/export/families.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <sstream>
#include <utility>

#include "agent/export/metric_table.h"
#include "agent/model/label_text.h"
#include "agent/model/names.h"
#include "agent/model/stats.h"

namespace fusescope {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// Upper bounds 2^0, 2^1 ... times `unit`, and +Inf for the last slot.
double power_bound(std::size_t slot, std::size_t slots, double unit) {
  if (slot + 1 == slots) return std::numeric_limits<double>::infinity();
  return std::ldexp(unit, static_cast<int>(slot));
}

ClientMetric::Histogram histogram_of(std::span<const __u64> slots, double sum, double unit,
                                     bool starts_at_zero) {
  ClientMetric::Histogram histogram;
  std::uint64_t cumulative = 0;
  const std::size_t shift = starts_at_zero ? 1 : 0;
  for (std::size_t slot = 0; slot < slots.size(); slot++) {
    cumulative += slots[slot];
    const double bound = slot < shift ? 0 : power_bound(slot - shift, slots.size() - shift, unit);
    histogram.bucket.push_back({.cumulative_count = cumulative, .upper_bound = bound});
  }
  histogram.sample_count = cumulative;
  histogram.sample_sum = sum;
  return histogram;
}

class Builder {
 public:
  Builder() {
    for (std::size_t i = 0; i < kMetricCount; i++) {
      families_[i] = {.name = all_metrics()[i].name,
                      .help = all_metrics()[i].help,
                      .type = all_metrics()[i].type,
                      .metric = {}};
    }
  }

  void number(Metric metric, Labels labels, double value) {
    ClientMetric series;
    series.label = std::move(labels);
    if (all_metrics()[metric].type == MetricType::Counter) {
      series.counter.value = value;
    } else {
      series.gauge.value = value;
    }
    families_[metric].metric.push_back(std::move(series));
  }

  void count(Metric metric, Labels labels, std::uint64_t value) {
    number(metric, std::move(labels), static_cast<double>(value));
  }

  void histogram(Metric metric, Labels labels, ClientMetric::Histogram histogram) {
    ClientMetric series;
    series.label = std::move(labels);
    series.histogram = std::move(histogram);
    families_[metric].metric.push_back(std::move(series));
  }

  std::vector<MetricFamily> take() {
    std::vector<MetricFamily> used;
    for (MetricFamily& family : families_) {
      if (!family.metric.empty()) used.push_back(std::move(family));
    }
    return used;
  }

 private:
  std::array<MetricFamily, kMetricCount> families_;
};

Labels with(const Labels& labels, Labels more) {
  Labels all = labels;
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

void add_calls(Builder& builder, const Labels& labels, const fusescope_io_stats& stats,
               fusescope_op op, fusescope_mode mode) {
  const Labels call = with(labels, {{"op", name_of(op)}, {"mode", name_of(mode)}});
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

void add_data_requests(Builder& builder, const Labels& labels, const fusescope_data_stats& stats,
                       fusescope_op op) {
  const Labels data = with(labels, {{"op", name_of(op)}});
  builder.histogram(kRequestPages, data,
                    histogram_of(stats.pages, static_cast<double>(pages_of(stats)), 1, false));
  builder.count(kRequestBytes, data, stats.bytes);
  for (int i = 0; i < FUSESCOPE_ORIGINS; i++) {
    const auto origin = static_cast<fusescope_origin>(i);
    builder.count(kRequestOrigin, with(data, {{"origin", name_of(origin)}}), stats.origins[i]);
  }
}

void add_duration(Builder& builder, const Labels& labels, const std::string& op,
                  const fusescope_duration_stats& stats) {
  builder.histogram(
      kRequestDuration, with(labels, {{"op", op}}),
      histogram_of(stats.slots, static_cast<double>(stats.sum_ns) / 1e9, 1e-6, false));
}

// Only what was seen: where no hook shows when the daemon takes a request, there are no phases.
void add_phases(Builder& builder, const Labels& labels, const fusescope_mount_stats& stats) {
  for (int i = 0; i < FUSESCOPE_PHASES; i++) {
    const fusescope_duration_stats& phase = stats.phases[i];
    if (!count_of(phase)) continue;
    builder.histogram(
        kRequestPhase, with(labels, {{"phase", name_of(static_cast<fusescope_phase>(i))}}),
        histogram_of(phase.slots, static_cast<double>(phase.sum_ns) / 1e9, 1e-6, false));
  }
}

void add_errors(Builder& builder, const Labels& labels, const Counters& counters) {
  for (const auto& [key, count] : counters.errors) {
    builder.count(kRequestErrors,
                  with(labels, {{"op", opcode_name(key.opcode)}, {"error", error_name(key.error)}}),
                  count);
  }
  builder.count(kInterrupts, labels, counters.data.interrupted);
}

void add_limits(Builder& builder, const Labels& labels, const MountSnapshot& mount) {
  if (mount.readahead_bytes) builder.count(kReadahead, labels, *mount.readahead_bytes);
  if (!mount.limits || !mount.limits->initialized) return;
  const fusescope_limits& limits = *mount.limits;
  builder.count(kMaxRead, labels, limits.max_read);
  builder.count(kMaxWrite, labels, limits.max_write);
  builder.count(kMaxPages, labels, limits.max_pages);
  builder.count(kMaxBackground, labels, limits.max_background);
  builder.count(kCongestionThreshold, labels, limits.congestion_threshold);
  builder.count(kBackground, labels, limits.background);
}

void add_info(Builder& builder, const Labels& labels, const MountSnapshot& mount) {
  builder.number(kMountInfo,
                 with(labels, {{"source", to_label(mount.identity.source)},
                               {"connection", std::to_string(mount.identity.device)},
                               {"transport", transport_of(mount)}}),
                 1);
}

bool is_filled(const SelfSnapshot& self, std::string_view role) {
  const auto hook = std::ranges::find(self.hooks, role, &HookStatus::role);
  return hook != self.hooks.end() && !hook->programs.empty();
}

void add_blocked(Builder& builder, const Labels& labels, const MountSnapshot& mount) {
  builder.count(kBlockedThreads, labels, mount.blocked_threads);
  builder.number(kBlockedSeconds, labels,
                 static_cast<double>(mount.counters.data.blocked_ns) / 1e9);
}

Labels labels_of(const MountSnapshot& mount) {
  return {{"mountpoint", to_label(mount.identity.mountpoint)},
          {"fstype", to_label(mount.identity.fstype)}};
}

void add_states(Builder& builder, const std::vector<MountSnapshot>& mounts,
                const std::vector<MountState>& states) {
  for (std::size_t i = 0; i < std::min(mounts.size(), states.size()); i++) {
    builder.count(kMountState, labels_of(mounts[i]), static_cast<std::uint64_t>(states[i]));
  }
}

void add_mount(Builder& builder, const MountSnapshot& mount, const SelfSnapshot& self) {
  const bool sees_calls = is_filled(self, "call");
  const Labels labels = labels_of(mount);
  for (int i = 0; i < FUSESCOPE_OPS; i++) {
    const auto op = static_cast<fusescope_op>(i);
    const fusescope_op_stats& stats = mount.counters.data.ops[i];
    for (int j = 0; sees_calls && j < FUSESCOPE_MODES; j++) {
      add_calls(builder, labels, stats.io[j], op, static_cast<fusescope_mode>(j));
    }
    add_data_requests(builder, labels, stats.data, op);
    if (count_of(stats.duration)) add_duration(builder, labels, name_of(op), stats.duration);
  }
  for (const auto& [opcode, duration] : mount.counters.durations) {
    add_duration(builder, labels, opcode_name(opcode), duration);
  }
  add_phases(builder, labels, mount.counters.data);
  builder.count(kRequestsSent, labels, sent_of(mount.counters.data));
  add_errors(builder, labels, mount.counters);
  builder.count(kInFlight, labels, mount.in_flight);
  builder.number(kOldestAge, labels, static_cast<double>(mount.oldest_age_ns) / 1e9);
  if (mount.waiting) builder.count(kWaiting, labels, *mount.waiting);
  if (is_filled(self, "blocked")) add_blocked(builder, labels, mount);
  if (mount.identity.device) add_info(builder, labels, mount);
  add_limits(builder, labels, mount);
}

std::uint64_t missed_runs(const std::vector<ProgramStatus>& programs) {
  std::uint64_t missed = 0;
  for (const ProgramStatus& program : programs) missed += program.missed;
  return missed;
}

void add_programs(Builder& builder, const std::vector<ProgramStatus>& programs) {
  for (const ProgramStatus& program : programs) {
    if (!program.runs) continue;  // the kernel keeps no statistics unless told to
    const Labels labels = {{"program", program.name}};
    builder.number(kProgramSeconds, labels, static_cast<double>(program.run_nanoseconds) / 1e9);
    builder.count(kProgramRuns, labels, program.runs);
  }
}

void add_self(Builder& builder, const Snapshot& snapshot, const ExportContext& context) {
  const SelfSnapshot& self = snapshot.self;
  builder.number(kBuildInfo, {{"version", context.version}, {"revision", context.revision}}, 1);
  for (const HookStatus& hook : self.hooks) {
    if (hook.programs.empty()) {
      const HookReason reason = reason_of(hook, self.hooks, context.conditions);
      builder.number(kHookMissing, {{"role", hook.role}, {"reason", name_of(reason)}}, 1);
    }
    for (const std::string& program : hook.programs) {
      builder.number(kHookInfo, {{"role", hook.role}, {"program", program}, {"mode", hook.mode}},
                     1);
    }
  }
  for (int i = 0; i < FUSESCOPE_LOSSES; i++) {
    builder.count(kLostEvents, {{"reason", name_of(static_cast<fusescope_lost>(i))}},
                  self.stats.lost[i]);
  }
  builder.count(kLostEvents, {{"reason", "recursion"}}, missed_runs(self.programs));
  builder.count(kInflightCollisions, {}, self.stats.notes[FUSESCOPE_NOTE_INFLIGHT_COLLISION]);
  builder.count(kCallsEstimated, {}, self.stats.notes[FUSESCOPE_NOTE_CALL_ESTIMATED]);
  const auto is_mounted = [](const MountSnapshot& mount) { return mount.identity.device != 0; };
  builder.count(kMounts, {},
                static_cast<std::uint64_t>(std::ranges::count_if(snapshot.mounts, is_mounted)));
  builder.count(kMountsDropped, {}, self.mounts_dropped);
  builder.number(kScrapeDuration, {}, context.scrape_seconds);
  if (const auto in_force = context.web.config_is_in_force) {
    builder.number(kWebConfig, {}, *in_force ? 1 : 0);
  }
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

std::vector<MetricFamily> families_of(const Snapshot& snapshot, const ExportContext& context) {
  Builder builder;
  for (const MountSnapshot& mount : snapshot.mounts) add_mount(builder, mount, snapshot.self);
  add_states(builder, snapshot.mounts, context.states);
  add_self(builder, snapshot, context);
  return builder.take();
}

std::string text_of(const std::vector<MetricFamily>& families) {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}

}  // namespace fusescope

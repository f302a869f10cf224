// SPDX-License-Identifier: Apache-2.0
#include "agent/export/families.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/export/metric_table.h"
#include "agent/model/label_text.h"
#include "test/unit/sample_snapshot.h"

namespace fusescope {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

std::vector<MetricFamily> families_of(const Snapshot& snapshot, const ExportContext& context) {
  std::vector<MetricFamily> families;
  each_family(snapshot, context,
              [&](MetricFamily family) { families.push_back(std::move(family)); });
  return families;
}

std::vector<MetricFamily> sample_families() {
  return families_of(sample_snapshot(), sample_context());
}

const MetricFacts& facts_of(const std::string& name) {
  return *std::ranges::find(all_metrics(), name, &MetricFacts::name);
}

std::string label_names(const ClientMetric& series) {
  std::string names;
  for (const auto& label : series.label) names += (names.empty() ? "" : ",") + label.name;
  return names;
}

// "name=value,..." of each series, with its value where it is a single one.
using Values = std::map<std::string, double>;

Values values_of(const std::vector<MetricFamily>& families, const std::string& name) {
  Values values;
  const auto family = std::ranges::find(families, name, &MetricFamily::name);
  if (family == families.end()) return values;
  for (const ClientMetric& series : family->metric) {
    std::string labels;
    for (const auto& label : series.label) {
      labels += (labels.empty() ? "" : ",") + label.name + "=" + label.value;
    }
    const bool is_counter = family->type == MetricType::Counter;
    values[labels] = is_counter ? series.counter.value : series.gauge.value;
  }
  return values;
}

Values values_of_mount(const MountSnapshot& mount, const std::string& name) {
  return values_of(families_of({.mounts = {mount}, .self = sample_self()}, {}), name);
}

TEST(Metrics, HaveNamesOfTheirOwnByTheNamingRules) {
  const std::regex rule("^(fuse|fusescope)_[a-z0-9_]+$");
  std::set<std::string> names;
  for (const MetricFacts& metric : all_metrics()) {
    const std::string name = metric.name;
    EXPECT_TRUE(std::regex_match(name, rule)) << name;
    EXPECT_EQ(name.ends_with("_total"), metric.type == MetricType::Counter) << name;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

TEST(Metrics, HaveAHelpTextThatFitsOneLine) {
  for (const MetricFacts& metric : all_metrics()) {
    const std::string help = metric.help;
    EXPECT_FALSE(help.empty()) << metric.name;
    // What the text format would want to be escaped, and its writer does not.
    EXPECT_EQ(help.find_first_of("\n\r\\"), std::string::npos) << metric.name;
    EXPECT_EQ(printable(help), help) << metric.name;
  }
}

TEST(Families, AreAllThereInTheOrderOfTheirFacts) {
  std::vector<std::string> names;
  for (const MetricFamily& family : sample_families()) names.push_back(family.name);
  std::vector<std::string> expected;
  for (const MetricFacts& metric : all_metrics()) expected.emplace_back(metric.name);
  EXPECT_EQ(names, expected);
}

TEST(Families, HaveTheTypeTheHelpAndTheLabelsOfTheirFacts) {
  for (const MetricFamily& family : sample_families()) {
    const MetricFacts& facts = facts_of(family.name);
    EXPECT_EQ(family.type, facts.type) << family.name;
    EXPECT_EQ(family.help, facts.help) << family.name;
    for (const ClientMetric& series : family.metric) {
      EXPECT_EQ(label_names(series), facts.labels) << family.name;
    }
  }
}

TEST(Families, HaveNoTwoSeriesWithTheSameLabels) {
  for (const MetricFamily& family : sample_families()) {
    std::set<std::vector<ClientMetric::Label>> seen;
    for (const ClientMetric& series : family.metric) {
      EXPECT_TRUE(seen.insert(series.label).second) << family.name << " " << label_names(series);
    }
  }
}

TEST(Families, HaveLabelValuesInUtf8) {
  for (const MetricFamily& family : sample_families()) {
    for (const ClientMetric& series : family.metric) {
      for (const auto& label : series.label) EXPECT_EQ(to_label(label.value), label.value);
    }
  }
}

void expect_well_formed(const ClientMetric::Histogram& histogram, const std::string& name) {
  ASSERT_FALSE(histogram.bucket.empty()) << name;
  for (std::size_t i = 1; i < histogram.bucket.size(); i++) {
    EXPECT_LT(histogram.bucket[i - 1].upper_bound, histogram.bucket[i].upper_bound) << name;
    EXPECT_LE(histogram.bucket[i - 1].cumulative_count, histogram.bucket[i].cumulative_count)
        << name;
  }
  EXPECT_EQ(histogram.bucket.back().upper_bound, INFINITY) << name;
  EXPECT_EQ(histogram.bucket.back().cumulative_count, histogram.sample_count) << name;
}

TEST(Histograms, AreCumulativeAndEndWithTheirCount) {
  std::size_t histograms = 0;
  for (const MetricFamily& family : sample_families()) {
    if (family.type != MetricType::Histogram) continue;
    for (const ClientMetric& series : family.metric) {
      expect_well_formed(series.histogram, family.name);
      histograms++;
    }
  }
  EXPECT_GT(histograms, 10U);
}

std::vector<double> bounds_of(const std::string& name) {
  std::vector<double> bounds;
  const auto families = sample_families();
  const auto family = std::ranges::find(families, name, &MetricFamily::name);
  for (const auto& bucket : family->metric.at(0).histogram.bucket) {
    bounds.push_back(bucket.upper_bound);
  }
  return bounds;
}

TEST(Histograms, HaveTheBoundsOfTheKernelSidesSlots) {
  std::vector<double> counts;
  for (int power = 0; power <= 16; power++) counts.push_back(1U << power);
  counts.push_back(INFINITY);
  EXPECT_EQ(bounds_of("fuse_request_pages"), counts);
  counts.insert(counts.begin(), 0);
  EXPECT_EQ(bounds_of("fuse_io_requests"), counts);

  const std::vector<double> seconds = bounds_of("fuse_request_duration_seconds");
  ASSERT_EQ(seconds.size(), 28U);
  for (int k = 0; k <= 26; k++) {
    EXPECT_DOUBLE_EQ(seconds[static_cast<std::size_t>(k)], std::exp2(k) / 1e6);
  }
}

TEST(Mount, HasItsSeriesBeforeItsFirstRequest) {
  const Values in_flight = values_of_mount(silent_mount(), "fuse_requests_in_flight");
  EXPECT_EQ(in_flight, (Values{{"mountpoint=/mnt/silent,fstype=virtiofs", 0}}));
  EXPECT_EQ(values_of_mount(silent_mount(), "fuse_io_requests").size(), 4U);
  for (const auto& [labels, count] : values_of_mount(silent_mount(), "fuse_io_splits_total")) {
    EXPECT_EQ(count, 0) << labels;
  }
}

TEST(Mount, HasNoCallsIfTheyAreNotSeen) {
  Snapshot snapshot = sample_snapshot();
  for (HookStatus& hook : snapshot.self.hooks) {
    if (hook.role == Role::call) hook.programs.clear();
  }
  for (const MetricFamily& family : families_of(snapshot, {})) {
    EXPECT_FALSE(family.name.starts_with("fuse_io_")) << family.name;
  }
}

TEST(Mount, HasOnlyThePhasesThatWereSeen) {
  const std::string name = "fuse_request_phase_duration_seconds";
  EXPECT_EQ(values_of_mount(silent_mount(), name).size(), 0U);
  MountSnapshot mount = silent_mount();
  mount.counters.data.phases[FUSESCOPE_PHASE_SERVICE].slots[1] = 1;
  const std::string labels = "mountpoint=/mnt/silent,fstype=virtiofs,phase=service";
  const Values phases = values_of_mount(mount, name);
  EXPECT_EQ(phases.size(), 1U);
  EXPECT_TRUE(phases.contains(labels));
}

TEST(Mount, HasASeriesOnlyForCausesThatCanBe) {
  const Values splits = values_of_mount(silent_mount(), "fuse_io_splits_total");
  const std::string mount = "mountpoint=/mnt/silent,fstype=virtiofs";
  EXPECT_TRUE(splits.contains(mount + ",op=read,mode=direct,cause=unmerged"));
  EXPECT_TRUE(splits.contains(mount + ",op=write,mode=buffered,cause=max_write"));
  EXPECT_FALSE(splits.contains(mount + ",op=read,mode=buffered,cause=unmerged"));
  EXPECT_FALSE(splits.contains(mount + ",op=read,mode=direct,cause=max_write"));
}

TEST(Mount, ShowsACauseThatShouldNotBeWhenItWasCounted) {
  MountSnapshot mount = silent_mount();
  fusescope_io_stats& stats = io_of(mount.counters, FUSESCOPE_READ, FUSESCOPE_BUFFERED);
  stats.splits[FUSESCOPE_CAUSE_UNMERGED] = 1;
  stats.extra_requests[FUSESCOPE_CAUSE_UNMERGED] = 5;
  const std::string labels =
      "mountpoint=/mnt/silent,fstype=virtiofs,op=read,mode=buffered,cause=unmerged";
  EXPECT_EQ(values_of_mount(mount, "fuse_io_splits_total").at(labels), 1);
  EXPECT_EQ(values_of_mount(mount, "fuse_io_extra_requests_total").at(labels), 5);
}

TEST(Mount, HasDurationsOfTheOpcodesThatWereSeen) {
  const std::string mount = "mountpoint=/mnt/silent,fstype=virtiofs";
  MountSnapshot seen = silent_mount();
  EXPECT_TRUE(values_of_mount(seen, "fuse_request_duration_seconds").empty());
  seen.counters.data.ops[FUSESCOPE_WRITE].duration.slots[3] = 1;
  seen.counters.durations[1].slots[3] = 1;
  const Values durations = values_of_mount(seen, "fuse_request_duration_seconds");
  EXPECT_EQ(durations.size(), 2U);
  EXPECT_TRUE(durations.contains(mount + ",op=write"));
  EXPECT_TRUE(durations.contains(mount + ",op=lookup"));
}

TEST(Mount, HasNoLimitsUntilTheyAreNegotiated) {
  MountSnapshot mount = busy_mount();
  EXPECT_EQ(values_of_mount(mount, "fuse_mount_max_pages").size(), 1U);
  mount.limits->initialized = 0;
  EXPECT_TRUE(values_of_mount(mount, "fuse_mount_max_pages").empty());
  EXPECT_TRUE(values_of_mount(mount, "fuse_mount_max_read_bytes").empty());
  mount.limits.reset();
  EXPECT_TRUE(values_of_mount(mount, "fuse_mount_max_pages").empty());
  EXPECT_EQ(values_of_mount(mount, "fuse_mount_readahead_bytes").size(), 1U);
}

std::string transport_label(const MountSnapshot& mount) {
  const Values info = values_of_mount(mount, "fuse_mount_info");
  return info.empty() ? "no info" : info.begin()->first.substr(info.begin()->first.rfind('=') + 1);
}

TEST(Mount, SaysHowItsRequestsTravel) {
  MountSnapshot mount = busy_mount();
  EXPECT_EQ(transport_label(mount), "dev_fuse");
  mount.limits->io_uring = 1;
  EXPECT_EQ(transport_label(mount), "io_uring");
  mount.limits.reset();
  EXPECT_EQ(transport_label(mount), "dev_fuse");
  EXPECT_EQ(transport_label(silent_mount()), "virtiofs");
}

TEST(Mount, HasNoInfoWhenItStandsForMany) {
  MountSnapshot other;
  other.identity = {.mountpoint = "other", .fstype = "other", .source = "", .device = 0};
  EXPECT_EQ(transport_label(other), "no info");
  EXPECT_EQ(values_of_mount(other, "fuse_requests_in_flight").size(), 1U);
}

TEST(Self, CountsWhatProgramsMissedAsLost) {
  const Values lost = values_of(sample_families(), "fusescope_lost_events_total");
  EXPECT_EQ(lost.size(), FUSESCOPE_LOSSES + 1U);
  EXPECT_EQ(lost.at("reason=recursion"), 5);
  EXPECT_EQ(lost.at("reason=inflight_full"), 1);
}

TEST(Self, ShowsProgramsOnlyWhereTheKernelKeepsStatistics) {
  EXPECT_EQ(values_of(sample_families(), "fusescope_bpf_program_runs_total"),
            (Values{{"program=sent_program", 1000}}));
  EXPECT_EQ(values_of(sample_families(), "fusescope_bpf_program_run_seconds_total"),
            (Values{{"program=sent_program", 0.00025}}));
}

TEST(Self, ShowsWhichHooksAreThereAndWhyOthersAreNot) {
  EXPECT_EQ(values_of(sample_families(), "fusescope_hook_info"),
            (Values{{"role=blocked,program=blocked_program,mode=fentry", 1},
                    {"role=sent,program=sent_program,mode=fentry", 1},
                    {"role=sent,program=sent_elsewhere,mode=fentry", 1},
                    {"role=call,program=sent_program,mode=tracepoint", 1}}));
  EXPECT_EQ(values_of(sample_families(), "fusescope_hook_missing"),
            (Values{{"role=taken,reason=other", 1}}));
}

TEST(Self, IsShownWithoutAnyMount) {
  const auto families = families_of({}, {});
  EXPECT_EQ(values_of(families, "fusescope_mounts"), (Values{{"", 0}}));
  EXPECT_EQ(values_of(families, "fusescope_build_info"), (Values{{"version=,revision=", 1}}));
  for (const MetricFamily& family : families) EXPECT_FALSE(family.metric.empty()) << family.name;
}

TEST(Families, HaveOneStateForEachMount) {
  const Values states = values_of(sample_families(), "fuse_mount_state");
  EXPECT_EQ(states.size(), sample_snapshot().mounts.size());
  EXPECT_EQ(states.at("mountpoint=/mnt/silent,fstype=virtiofs"), 0);
  EXPECT_TRUE(values_of(families_of(sample_snapshot(), {}), "fuse_mount_state").empty())
      << "not known";
}

TEST(Families, SayWhichStateEachNumberIs) {
  const std::string help = facts_of("fuse_mount_state").help;
  for (int i = 0; i < kMountStates; i++) {
    std::string name = name_of(static_cast<MountState>(i));
    if (name == "busy: metadata") name = "busy with metadata";
    EXPECT_NE(help.find(std::to_string(i) + " " + name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace fusescope

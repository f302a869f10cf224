// SPDX-License-Identifier: Apache-2.0
#include "agent/export/family_builder.h"

#include <cmath>
#include <limits>
#include <utility>

namespace fusescope {
namespace {

using prometheus::ClientMetric;

double power_bound(std::size_t slot, std::size_t slots, double unit) {
  if (slot + 1 == slots) return std::numeric_limits<double>::infinity();
  return std::ldexp(unit, static_cast<int>(slot));
}

}  // namespace

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

void FamilyBuilder::number(Metric metric, Labels labels, double value) {
  ClientMetric series;
  if (all_metrics()[metric].type == prometheus::MetricType::Counter) {
    series.counter.value = value;
  } else {
    series.gauge.value = value;
  }
  add(metric, std::move(labels), std::move(series));
}

void FamilyBuilder::count(Metric metric, Labels labels, std::uint64_t value) {
  number(metric, std::move(labels), static_cast<double>(value));
}

void FamilyBuilder::histogram(Metric metric, Labels labels, ClientMetric::Histogram histogram) {
  ClientMetric series;
  series.histogram = std::move(histogram);
  add(metric, std::move(labels), std::move(series));
}

void FamilyBuilder::give(const TakeFamily& take) {
  for (std::size_t i = 0; i < kMetricCount; i++) {
    std::vector<Series> all = std::exchange(families_[i], {});
    if (all.empty()) continue;
    const MetricFacts& facts = all_metrics()[i];
    prometheus::MetricFamily family = {
        .name = facts.name, .help = facts.help, .type = facts.type, .metric = {}};
    family.metric.reserve(all.size());
    for (Series& series : all) family.metric.push_back(whole(std::move(series)));
    take(std::move(family));
  }
}

void FamilyBuilder::add(Metric metric, Labels labels, ClientMetric series) {
  series.label = std::move(labels);
  families_[metric].push_back({mounts_.size() - 1, std::move(series)});
}

ClientMetric FamilyBuilder::whole(Series series) const {
  const Labels& mount = mounts_[series.mount];
  series.metric.label.insert(series.metric.label.begin(), mount.begin(), mount.end());
  return std::move(series.metric);
}

}  // namespace fusescope

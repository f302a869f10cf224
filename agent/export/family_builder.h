// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/types.h>
#include <prometheus/client_metric.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "agent/export/families.h"
#include "agent/export/metric_table.h"

namespace fusescope {

// The cumulative buckets of slots, of which each holds what is at most twice as much as the one
// before: bounds 2^0, 2^1 ... times `unit`, and +Inf for the last; before them 0, if the first slot
// is that of nothing.
prometheus::ClientMetric::Histogram histogram_of(std::span<const __u64> slots, double sum,
                                                 double unit, bool starts_at_zero);

// Collects series by family. The labels of a mount are held once, and get into its series when a
// family is given away: names of mounts are as long as a user of the host likes.
class FamilyBuilder {
 public:
  using Labels = std::vector<prometheus::ClientMetric::Label>;

  // Series from now on are those of this mount, and have its labels before their own.
  void begin_mount(Labels labels) { mounts_.push_back(std::move(labels)); }
  void end_mounts() { mounts_.emplace_back(); }

  // A series of a counter or a gauge.
  void number(Metric metric, Labels labels, double value);
  void count(Metric metric, Labels labels, std::uint64_t value);
  void histogram(Metric metric, Labels labels, prometheus::ClientMetric::Histogram histogram);

  // Each family once, in the order of all_metrics(), and then no more.
  void give(const TakeFamily& take);

 private:
  struct Series {
    std::size_t mount = 0;              // position of its labels
    prometheus::ClientMetric metric{};  // with its own labels only
  };

  void add(Metric metric, Labels labels, prometheus::ClientMetric series);
  [[nodiscard]] prometheus::ClientMetric whole(Series series) const;

  std::vector<Labels> mounts_ = std::vector<Labels>(1);  // the first: none
  std::array<std::vector<Series>, kMetricCount> families_;
};

}  // namespace fusescope

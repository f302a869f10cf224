// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/metric_type.h>

#include <cstddef>
#include <span>

namespace fusescope {

// The facts of a metric family: the one place for its name, type, labels and help text.
struct MetricFacts {
  const char* name;
  prometheus::MetricType type;
  const char* labels;
  const char* help;
};

// Every family that this agent can export, in the order of the exposition. Help texts have no
// newline, because the text format's writer would not escape it.
std::span<const MetricFacts> all_metrics();

// Position of each family in all_metrics().
enum Metric : std::size_t {
  kIoRequests,
  kIoSegments,
  kIoBytes,
  kIoSplits,
  kIoExtraRequests,
  kIoMinimumRequests,
  kRequestPages,
  kRequestBytes,
  kRequestDuration,
  kRequestPhase,
  kRequestsSent,
  kRequestErrors,
  kInterrupts,
  kRequestOrigin,
  kInFlight,
  kOldestAge,
  kWaiting,
  kBackground,
  kBlockedThreads,
  kBlockedSeconds,
  kMountState,
  kMountInfo,
  kMaxRead,
  kMaxWrite,
  kMaxPages,
  kReadahead,
  kMaxBackground,
  kCongestionThreshold,
  kBuildInfo,
  kHookInfo,
  kHookMissing,
  kLostEvents,
  kInflightCollisions,
  kCallsEstimated,
  kMounts,
  kMountsDropped,
  kMountsUnnamed,
  kMountsRenamed,
  kMountsForgotten,
  kMountTablesRepeated,
  kMountTablesCut,
  kMountTablesAge,
  kScrapeDuration,
  kHttpRequests,
  kWebConfig,
  kConfinement,
  kInternalErrors,
  kProgramSeconds,
  kProgramRuns,
  kMetricCount,
};

}  // namespace fusescope

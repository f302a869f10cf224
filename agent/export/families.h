// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/metric_family.h>

#include <span>
#include <string>
#include <vector>

#include "agent/export/http_server.h"
#include "agent/model/snapshot.h"

namespace fusescope {

// The facts of a metric family: the one place for its name, type and help text.
struct MetricFacts {
  const char* name;
  prometheus::MetricType type;
  const char* labels;
  const char* help;
};

// Every family that this agent can export, in the order of the exposition. Help texts have no
// newline, because the text format's writer would not escape it.
std::span<const MetricFacts> all_metrics();

// What is known beside the snapshot when it is exported.
struct ExportContext {
  std::string version;
  std::string revision;
  double scrape_seconds = 0;  // of the collection that made this snapshot
  RequestCounts http_requests;
};

// The snapshot as Prometheus families; families without any series are left out.
std::vector<prometheus::MetricFamily> families_of(const Snapshot& snapshot,
                                                  const ExportContext& context);

// The text exposition format, version 0.0.4.
std::string text_of(const std::vector<prometheus::MetricFamily>& families);

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/export/process_metrics.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>

namespace fusescope {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

std::map<std::string, double> values() {
  std::map<std::string, double> values;
  for (const MetricFamily& family : process_families()) {
    EXPECT_EQ(family.metric.size(), 1U) << family.name;
    const auto& series = family.metric.at(0);
    EXPECT_TRUE(series.label.empty()) << family.name;
    EXPECT_EQ(family.type == MetricType::Counter, family.name.ends_with("_total")) << family.name;
    const bool is_new =
        values
            .emplace(family.name,
                     family.type == MetricType::Counter ? series.counter.value : series.gauge.value)
            .second;
    EXPECT_TRUE(is_new) << family.name;
  }
  return values;
}

TEST(ProcessMetrics, AreTheStandardOnesThatLinuxTells) {
  const auto found = values();
  EXPECT_EQ(found.size(), 6U);
  for (const char* name : {"process_cpu_seconds_total", "process_virtual_memory_bytes",
                           "process_resident_memory_bytes", "process_start_time_seconds",
                           "process_open_fds", "process_max_fds"}) {
    EXPECT_TRUE(found.contains(name)) << name;
  }
}

TEST(ProcessMetrics, AreAboutThisProcess) {
  const auto found = values();
  EXPECT_GE(found.at("process_open_fds"), 3);
  EXPECT_LE(found.at("process_open_fds"), found.at("process_max_fds"));
  EXPECT_GT(found.at("process_resident_memory_bytes"), 1e6);
  EXPECT_LT(found.at("process_resident_memory_bytes"), found.at("process_virtual_memory_bytes"));
  EXPECT_LT(found.at("process_cpu_seconds_total"), 3600);
}

TEST(ProcessMetrics, TellWhenThisProcessStarted) {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  const double age = now.count() - values().at("process_start_time_seconds");
  EXPECT_GT(age, -2);  // the clock of the boot time has whole seconds
  EXPECT_LT(age, 3600);
}

}  // namespace
}  // namespace fusescope

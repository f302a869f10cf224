// SPDX-License-Identifier: Apache-2.0
// docs/metrics.md lists exactly what the code exports. After a change of the table of families run
// this test once with FUSESCOPE_UPDATE_GOLDEN=1 to write the page anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "agent/export/metric_table.h"

namespace fusescope {
namespace {

constexpr const char* kPage = FUSESCOPE_GOLDEN_DIRECTORY "/../../../docs/metrics.md";
constexpr const char* kBegin = "<!-- generated from the code: begin -->\n";
constexpr const char* kEnd = "<!-- generated from the code: end -->\n";

std::string type_name(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter: return "counter";
    case prometheus::MetricType::Histogram: return "histogram";
    default: return "gauge";
  }
}

std::string generated() {
  std::string table = "| name | type | labels | meaning |\n|---|---|---|---|\n";
  for (const MetricFacts& facts : all_metrics()) {
    table += std::string("| `") + facts.name + "` | " + type_name(facts.type) + " | " +
             facts.labels + " | " + facts.help + " |\n";
  }
  return table;
}

std::string read_page() {
  std::ifstream file(kPage);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(MetricsDoc, TheListOfMetricsIsThatOfTheCode) {
  std::string page = read_page();
  const auto begin = page.find(kBegin);
  const auto end = page.find(kEnd);
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos) << kPage;
  const auto table = begin + std::string(kBegin).size();
  if (std::getenv("FUSESCOPE_UPDATE_GOLDEN")) {
    page.replace(table, end - table, generated());
    std::ofstream(kPage) << page;
    return;
  }
  EXPECT_EQ(page.substr(table, end - table), generated());
}

}  // namespace
}  // namespace fusescope

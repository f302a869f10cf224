// SPDX-License-Identifier: Apache-2.0
#include "agent/export/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "agent/host/procfs.h"

namespace fusescope {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily single(const char* name, const char* help, MetricType type, double value) {
  ClientMetric metric;
  if (type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  return {.name = name, .help = help, .type = type, .metric = {std::move(metric)}};
}

// Fields 14, 15, 22, 23 and 24 of proc_pid_stat(5).
struct ProcessStat {
  double cpu_ticks = 0;
  double start_ticks = 0;
  double virtual_bytes = 0;
  double resident_pages = 0;
};

std::optional<ProcessStat> read_stat() {
  const std::string text = read_procfs("/proc/self/stat").value_or("");
  const auto name_end = text.rfind(')');  // the name itself may hold spaces
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  std::string state;
  fields >> state;
  const std::vector<double> values{std::istream_iterator<double>(fields), {}};
  constexpr std::size_t kFirst = 4;  // number of the first field after the state
  if (values.size() < 24 - kFirst + 1) return std::nullopt;
  const auto field = [&](std::size_t number) { return values[number - kFirst]; };
  return ProcessStat{.cpu_ticks = field(14) + field(15),
                     .start_ticks = field(22),
                     .virtual_bytes = field(23),
                     .resident_pages = field(24)};
}

constexpr std::size_t kLongestNumber = 20;  // digits

std::optional<double> boot_time() {
  constexpr std::string_view kField = "\nbtime ";
  const std::string text = read_procfs("/proc/stat").value_or("");
  const auto field = text.find(kField);
  if (field == std::string::npos) return std::nullopt;
  std::istringstream value(text.substr(field + kField.size(), kLongestNumber));
  double seconds = 0;
  if (value >> seconds) return seconds;
  return std::nullopt;
}

void add_descriptors(std::vector<MetricFamily>& families) {
  if (const auto open_files = list_procfs("/proc/self/fd")) {
    families.push_back(single("process_open_fds", "Number of open file descriptors.",
                              MetricType::Gauge, static_cast<double>(open_files->size())));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    families.push_back(single("process_max_fds", "Maximum number of open file descriptors.",
                              MetricType::Gauge, static_cast<double>(limit.rlim_cur)));
  }
}

}  // namespace

std::vector<MetricFamily> process_families() {
  std::vector<MetricFamily> families;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  if (const auto stat = read_stat()) {
    families.push_back(single("process_cpu_seconds_total",
                              "Total user and system CPU time spent in seconds.",
                              MetricType::Counter, stat->cpu_ticks / ticks));
    families.push_back(single("process_virtual_memory_bytes", "Virtual memory size in bytes.",
                              MetricType::Gauge, stat->virtual_bytes));
    families.push_back(single("process_resident_memory_bytes", "Resident memory size in bytes.",
                              MetricType::Gauge,
                              stat->resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE))));
    if (const auto boot = boot_time()) {
      families.push_back(single("process_start_time_seconds",
                                "Start time of the process since unix epoch in seconds.",
                                MetricType::Gauge, *boot + stat->start_ticks / ticks));
    }
  }
  add_descriptors(families);
  return families;
}

}  // namespace fusescope

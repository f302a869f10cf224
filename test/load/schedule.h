// SPDX-License-Identifier: Apache-2.0
// Where in the file a thread's calls go, and when it has done enough of them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <random>

#include "load/options.h"

namespace sgio {

class Schedule {
 public:
  Schedule(const Options& options, std::uint32_t thread, std::uint64_t file_size);

  // A duration counts from here.
  void start();
  // The offset of the next call; none when the thread is done.
  std::optional<off_t> next();

 private:
  using Clock = std::chrono::steady_clock;

  bool enough() const;
  std::uint64_t place();  // within the region, in calls

  const Options& options_;
  std::uint64_t region_begin_ = 0;
  std::uint64_t region_calls_ = 1;
  std::uint64_t done_ = 0;
  Clock::time_point end_;
  std::mt19937_64 random_;
};

}  // namespace sgio

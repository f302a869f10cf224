// SPDX-License-Identifier: Apache-2.0
#include "load/schedule.h"

#include <algorithm>

namespace sgio {
namespace {

// How many calls fit side by side into a thread's region. A number of calls decides it itself;
// what has no end, or jumps about, shares what the file holds.
std::uint64_t calls_in_region(const Options& options, std::uint64_t file_size) {
  if (options.order == Order::same) return 1;
  if (options.order == Order::sequential && !options.duration) {
    return std::max<std::uint64_t>(options.calls, 1);
  }
  const std::uint64_t usable = file_size > options.offset ? file_size - options.offset : 0;
  const std::uint64_t sharers = options.same_region ? 1 : options.threads;
  return std::max<std::uint64_t>(usable / sharers / options.call_bytes(), 1);
}

}  // namespace

Schedule::Schedule(const Options& options, std::uint32_t thread, std::uint64_t file_size)
    : options_(options),
      region_calls_(calls_in_region(options, file_size)),
      random_(options.seed + thread) {
  const std::uint64_t region = options.same_region ? 0 : thread;
  region_begin_ = options.offset + region * region_calls_ * options.call_bytes();
}

void Schedule::start() {
  if (!options_.duration) return;
  end_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(*options_.duration);
}

bool Schedule::enough() const {
  if (options_.duration) return Clock::now() >= end_;
  return done_ >= options_.calls * options_.loops;
}

std::uint64_t Schedule::place() {
  if (options_.order == Order::random) return random_() % region_calls_;
  return done_ % region_calls_;
}

std::optional<off_t> Schedule::next() {
  if (enough()) return std::nullopt;
  const std::uint64_t offset = region_begin_ + place() * options_.call_bytes();
  ++done_;
  return static_cast<off_t>(offset);
}

}  // namespace sgio

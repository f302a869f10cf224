// SPDX-License-Identifier: Apache-2.0
#include "agent/observe/followed_counts.h"

#include <chrono>
#include <thread>
#include <tuple>
#include <utility>

namespace fusescope {
namespace {

using Clock = std::chrono::steady_clock;

// After the end: requests that nobody waits for (RELEASE, readahead) come to theirs, and calls of
// io_submit, io_uring and splice are over once they were idle for 100 ms
// (bpf/call/grouped/ended_calls.bpf.h).
constexpr std::chrono::milliseconds kIdleTime{150};
constexpr std::chrono::milliseconds kLongestWait{500};
constexpr std::chrono::milliseconds kLook{5};

}  // namespace

Result<std::unique_ptr<FollowedCounts>> FollowedCounts::start(HookMode mode) {
  auto observed = Observation::start({.hooks = mode, .scope = Scope::followed_processes});
  if (!observed) return std::unexpected(observed.error());
  return std::unique_ptr<FollowedCounts>(new FollowedCounts(std::move(*observed)));
}

void FollowedCounts::keep_house() { std::ignore = observed_->collector().keep_house(); }

Result<Snapshot> FollowedCounts::collect() {
  const auto begin = Clock::now();
  const auto least =
      observed_->session().counts_ended_calls() ? kIdleTime : std::chrono::milliseconds{0};
  for (auto waited = Clock::duration{}; waited < kLongestWait; waited = Clock::now() - begin) {
    if (waited >= least && !is_in_flight()) break;
    std::this_thread::sleep_for(kLook);
  }
  return observed_->collector().collect();
}

bool FollowedCounts::is_in_flight() const { return !observed_->reader().in_flight().empty(); }

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/followed_counts.h"

#include <chrono>
#include <thread>
#include <tuple>
#include <utility>

#include "agent/host/fuse_module.h"
#include "agent/host/host_limits.h"
#include "agent/host/kernel.h"

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
  if (!fuse_module().present) {
    return std::unexpected(Error{"FUSE is not loaded, so nothing can be counted: modprobe fuse"});
  }
  auto session = Session::start(mode, skip_risk_of(read_kernel()), read_host_limits(),
                                Scope::followed_processes);
  if (!session) return std::unexpected(session.error());
  std::unique_ptr<FollowedCounts> counts(new FollowedCounts(std::move(*session)));
  auto reader = Reader::open(counts->session_);
  if (!reader) return std::unexpected(reader.error());
  counts->reader_.emplace(std::move(*reader));
  counts->collector_.emplace(counts->session_, *counts->reader_);
  return counts;
}

void FollowedCounts::keep_house() { std::ignore = collector_->keep_house(); }

Result<Snapshot> FollowedCounts::collect() {
  const auto begin = Clock::now();
  const auto least = session_.counts_ended_calls() ? kIdleTime : std::chrono::milliseconds{0};
  for (auto waited = Clock::duration{}; waited < kLongestWait; waited = Clock::now() - begin) {
    if (waited >= least && !is_in_flight()) break;
    std::this_thread::sleep_for(kLook);
  }
  return collector_->collect();
}

bool FollowedCounts::is_in_flight() const { return !reader_->in_flight().empty(); }

}  // namespace fusescope

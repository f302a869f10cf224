// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "agent/host/mount_walk.h"

namespace fusescope {

// Walks through the mount tables of other namespaces in a tenth of the time at most, and hands out
// what it knows. With a thread of its own nobody waits for it, and all members are thread-safe;
// without, look() makes the next step.
class MountWalker {
 public:
  // As MountWalk.
  explicit MountWalker(const std::string& proc = "/proc", WalkLimits limits = {},
                       std::shared_ptr<OtherProcesses> processes = nullptr)
      : walk_(proc, limits, std::move(processes)) {}
  ~MountWalker();
  MountWalker(const MountWalker&) = delete;
  MountWalker& operator=(const MountWalker&) = delete;
  MountWalker(MountWalker&&) = delete;
  MountWalker& operator=(MountWalker&&) = delete;

  // Starts the thread: it has the privileges that the calling one has, and blocks all signals.
  void start();

  // What is known of these, and that they are sought.
  WalkFindings look(const WantedMounts& wanted);

 private:
  static constexpr int kShare = 10;  // one part in so many of the time

  void run();
  void step(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool is_due() const;

  std::mutex mutex_;
  std::condition_variable changed_;
  MountWalk walk_;  // of the thread, if there is one
  WantedMounts wanted_;
  WalkFindings findings_;
  MonotonicClock::time_point next_{};
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/host/mount_walker.h"

#include <signal.h>

#include <chrono>

namespace fusescope {
namespace {

// How long the thread waits at most before it looks whether a table is to be read again.
constexpr std::chrono::seconds kLook{1};

}  // namespace

MountWalker::~MountWalker() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void MountWalker::start() {
  sigset_t all{};
  sigset_t before{};
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

bool MountWalker::is_due() const { return MonotonicClock::now() >= next_ && walk_.is_due(wanted_); }

// Without the lock while tables are read.
void MountWalker::step(std::unique_lock<std::mutex>& lock) {
  const WantedMounts wanted = wanted_;
  lock.unlock();
  const auto begin = MonotonicClock::now();
  walk_.step(wanted);
  const auto end = MonotonicClock::now();
  lock.lock();
  findings_ = walk_.findings();
  next_ = end + (kShare - 1) * (end - begin);
}

void MountWalker::run() {
  std::unique_lock lock(mutex_);
  while (!is_ending_) {
    if (is_due()) {
      step(lock);
      continue;
    }
    const auto now = MonotonicClock::now();
    const auto until = walk_.is_due(wanted_) ? next_ : now + kLook;
    changed_.wait_until(lock, until);
  }
}

WalkFindings MountWalker::look(const WantedMounts& wanted) {
  std::unique_lock lock(mutex_);
  wanted_ = wanted;
  if (thread_.joinable()) {
    changed_.notify_all();
  } else if (is_due()) {
    step(lock);
  }
  return findings_;
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

namespace fusescope {

// Fills with a token each `interval`, up to `capacity`, and is full at first.
class TokenBucket {
 public:
  using Clock = std::chrono::steady_clock;

  TokenBucket(std::chrono::nanoseconds interval, double capacity)
      : interval_(interval), capacity_(capacity), tokens_(capacity) {}

  // What is there now; below zero if more was taken than was there.
  [[nodiscard]] double tokens(Clock::time_point now) const {
    if (filled_ == Clock::time_point{} || now <= filled_) return tokens_;
    const std::chrono::duration<double> passed = now - filled_;
    return std::min(capacity_, tokens_ + passed / interval_);
  }

  void take(double count, Clock::time_point now) {
    tokens_ = tokens(now) - count;
    filled_ = now;
  }

 private:
  std::chrono::duration<double> interval_;
  double capacity_;
  double tokens_;
  Clock::time_point filled_{};
};

}  // namespace fusescope

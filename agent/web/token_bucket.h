// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

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

  // How many are not there.
  [[nodiscard]] double missing(Clock::time_point now) const { return capacity_ - tokens(now); }

  [[nodiscard]] double capacity() const { return capacity_; }

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

// A bucket for each client that is known; of bounded size.
class BucketsByClient {
 public:
  using Clock = TokenBucket::Clock;

  BucketsByClient(std::chrono::nanoseconds interval, double capacity)
      : interval_(interval), capacity_(capacity) {}

  // Where there are too many, clients whose bucket is full are forgotten first: nothing is lost by
  // that. If there are none, those who took the least.
  TokenBucket& of(const std::string& client, Clock::time_point now) {
    if (buckets_.size() >= kMaxClients && !buckets_.contains(client)) make_room(now);
    return buckets_.try_emplace(client, interval_, capacity_).first->second;
  }

 private:
  static constexpr std::size_t kMaxClients = 1024;
  static constexpr std::size_t kForgottenAtOnce =
      kMaxClients / 8;  // or room would be made each time

  void make_room(Clock::time_point now) {
    std::erase_if(buckets_, [&](const auto& entry) { return entry.second.missing(now) <= 0; });
    if (buckets_.size() < kMaxClients) return;
    std::vector<double> taken;
    for (const auto& [client, bucket] : buckets_) taken.push_back(bucket.missing(now));
    std::ranges::nth_element(taken, taken.begin() + kForgottenAtOnce);
    const double little = taken[kForgottenAtOnce];
    std::size_t forgotten = 0;
    std::erase_if(buckets_, [&](const auto& entry) {
      return entry.second.missing(now) <= little && forgotten++ < kForgottenAtOnce;
    });
  }

  std::chrono::nanoseconds interval_;
  double capacity_;
  std::map<std::string, TokenBucket> buckets_;
};

}  // namespace fusescope

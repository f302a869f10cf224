// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "agent/export/router.h"

namespace fusescope {

// Passes on what is said of single clients, but only so many lines a minute: a client must not be
// able to fill the log.
class ClientLog {
 public:
  explicit ClientLog(const HttpLog& log) : log_(log) {}

  void write(std::string line) {
    const auto now = std::chrono::steady_clock::now();
    if (now - window_start_ >= std::chrono::minutes(1)) {
      if (lines_ > kLinesPerMinute) {
        log_(std::to_string(lines_ - kLinesPerMinute) + " lines about clients left out");
      }
      window_start_ = now;
      lines_ = 0;
    }
    if (++lines_ > kLinesPerMinute) return;
    line.erase(line.find_last_not_of('\n') + 1);
    log_(std::move(line));
  }

 private:
  static constexpr std::uint64_t kLinesPerMinute = 10;
  const HttpLog& log_;
  std::chrono::steady_clock::time_point window_start_ = std::chrono::steady_clock::now();
  std::uint64_t lines_ = 0;
};

}  // namespace fusescope

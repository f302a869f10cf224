// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <csignal>
#include <functional>

#include "agent/base/error.h"
#include "agent/base/unique_fd.h"

namespace fusescope {

// The signals that ask a program to end, kept from ending this one while it waits for another.
class EndingSignals {
 public:
  // They are blocked, in this thread and those that it makes later, as long as this object lives;
  // those that are ignored stay so.
  static Result<EndingSignals> block();
  ~EndingSignals();
  EndingSignals(EndingSignals&& other) noexcept;
  EndingSignals(const EndingSignals&) = delete;
  EndingSignals& operator=(const EndingSignals&) = delete;
  EndingSignals& operator=(EndingSignals&&) = delete;

  // The mask from before, for a program that is run.
  [[nodiscard]] const sigset_t& mask_before() const { return before_; }
  [[nodiscard]] int descriptor() const { return descriptor_.get(); }

  // The next one that came, or 0. Whether it was sent to this process alone, by kill(2), and not
  // by the terminal to all processes in front.
  struct Came {
    int signal = 0;
    bool is_for_us_alone = false;
  };
  [[nodiscard]] Came next() const;

 private:
  EndingSignals(const sigset_t& before, UniqueFd descriptor)
      : before_(before), descriptor_(std::move(descriptor)) {}

  sigset_t before_;
  UniqueFd descriptor_;
};

// Waits for the end of a process, and calls `each_second` meanwhile. A signal that asks to end is
// handed to `on_signal`, which says whether to wait on. Fails if it cannot be waited for.
Result<void> wait_for_end(pid_t process, const EndingSignals& signals,
                          const std::function<bool(EndingSignals::Came)>& on_signal,
                          const std::function<void()>& each_second);

}  // namespace fusescope

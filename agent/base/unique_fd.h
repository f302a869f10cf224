// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <utility>

namespace fusescope {

// Owns one file descriptor and closes it. -1 stands for none.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int descriptor) : descriptor_(descriptor) {}
  UniqueFd(UniqueFd&& other) noexcept : descriptor_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  // The descriptor, still owned by this object; -1 if there is none.
  [[nodiscard]] int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

  // Hands the descriptor to the caller, who must close it.
  [[nodiscard]] int release() { return std::exchange(descriptor_, -1); }

  // Closes the present descriptor and takes `descriptor` over. close(2) is not tried again after
  // EINTR: Linux has released the number by then, and another thread may already have it.
  void reset(int descriptor = -1) {
    const int closing = std::exchange(descriptor_, descriptor);
    if (closing >= 0) ::close(closing);
  }

 private:
  int descriptor_ = -1;
};

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/orders.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

namespace fusescope {
namespace {

struct Advice {
  int error;
  const char* text;
};

constexpr std::array kAdvice = {
    Advice{EACCES, "run it as the user who mounted it, or mount with -o allow_other"},
    Advice{EPERM, "run it as the user who mounted it, or mount with -o allow_other"},
    Advice{ENOENT, "give a folder of a FUSE mount"},
    Advice{ENOTDIR, "give the folder of a FUSE mount, not a file"},
    Advice{EROFS, "it is mounted read-only, and verify writes a file of 4 MiB: mount it writable"},
    Advice{ENOSPC, "verify writes a file of 4 MiB: make room for it"},
    Advice{EDQUOT, "verify writes a file of 4 MiB: make room for it"},
    Advice{ENOTCONN, "its daemon is gone: mount it again"},
    Advice{ENOSYS, "this filesystem cannot make files: verify needs one of its own"},
    Advice{EOPNOTSUPP, "this filesystem cannot make files: verify needs one of its own"},
};

std::string advice_for(int error) {
  const auto found = std::ranges::find(kAdvice, error, &Advice::error);
  return found == kAdvice.end() ? "" : found->text;
}

}  // namespace

Error Orders::failure_of(const Answer& answer) const {
  const std::string what = std::string(answer.operation) + " " + folder_;
  if (answer.is_short) {
    return Error{what +
                 ": fewer bytes than asked for, without an error: look into the daemon's "
                 "log"};
  }
  return errno_error(what, answer.error, advice_for(answer.error));
}

Error Orders::trouble_of(Worker::Trouble trouble) const {
  const std::string left = file_.empty() ? "" : "; " + folder_ + "/" + file_ + " may be left";
  if (trouble == Worker::Trouble::timeout) {
    return Error{"verify " + folder_ + ": not done within " + std::to_string(timeout_.count()) +
                 " s: the daemon hangs, or is too slow for this --timeout" + left};
  }
  return Error{"verify " + folder_ + ": the process that does its I/O was killed" + left};
}

Result<Answer> Orders::create() {
  std::uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) {
    return std::unexpected(errno_error("get a random number", errno));
  }
  Order order = {.step = Step::create};
  std::snprintf(order.name, sizeof order.name, ".fusescope-verify-%016llx",
                static_cast<unsigned long long>(number));
  file_ = order.name;
  return give(order);
}

Result<Answer> Orders::give(const Order& order) {
  const auto is_stopped = [this] {
    signal_ = signals_.next().signal;
    return signal_ != 0;
  };
  const auto [trouble, answer] = worker_.carry_out(order, deadline_, is_stopped);
  if (trouble == Worker::Trouble::stopped) return std::unexpected(Error{"stopped by a signal"});
  if (trouble != Worker::Trouble::none) return std::unexpected(trouble_of(trouble));
  if (answer.error || answer.is_short) return std::unexpected(failure_of(answer));
  return answer;
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
// A process that does all that touches the mount, so that a daemon that hangs cannot hang verify.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>

#include "agent/base/error.h"
#include "agent/base/unique_fd.h"
#include "agent/verify/protocol.h"

namespace fusescope {

class Worker {
 public:
  using Clock = std::chrono::steady_clock;

  // Forks; signals that are blocked stay so in the worker, which ends, and removes its file, when
  // this object or this process goes. To be called before the process has a second thread.
  static Result<Worker> start(const std::string& directory);
  ~Worker();  // as end()
  Worker(Worker&& other) noexcept;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  Worker& operator=(Worker&&) = delete;

  [[nodiscard]] pid_t process() const { return process_; }

  // Lets the process remove its file and end, and kills it if it has not within two seconds. False
  // if the file may still be there: the process hung, was killed or could not remove it. Said once:
  // true from then on.
  bool end();

  enum class Trouble { none, timeout, stopped, gone };

  // Has a command carried out. `is_stopped` is asked a few times a second. After any trouble the
  // worker is of no use any more; what it makes of the order is not known.
  struct Outcome {
    Trouble trouble = Trouble::none;
    Answer answer;
  };
  Outcome carry_out(const Command& command, Clock::time_point deadline,
                    const std::function<bool()>& is_stopped);

 private:
  Worker(pid_t process, UniqueFd socket) : process_(process), socket_(std::move(socket)) {}

  pid_t process_;
  UniqueFd socket_;
};

}  // namespace fusescope

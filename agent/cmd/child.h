// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <csignal>
#include <string>
#include <vector>

#include "agent/base/error.h"
#include "agent/base/unique_fd.h"

namespace fusescope {

// How a program ended, or that it could not be run: what a shell would say of it.
struct Ending {
  int status = 0;  // exit code; 128 and the number of the signal that ended it; 126, 127: not run
  int signal = 0;  // 0: none ended it
};

// A program of the user's, with this process's own privileges, environment and files. It is there,
// with its process id, before it runs.
class Child {
 public:
  // A process that waits until run(). `mask` is its signal mask when it runs, `on_broken_pipe` what
  // SIGPIPE does then.
  static Result<Child> make(const std::vector<std::string>& command, const sigset_t& mask,
                            sighandler_t on_broken_pipe);

  // One that was never told to run ends by itself.
  ~Child();
  Child(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child& operator=(Child&&) = delete;

  [[nodiscard]] pid_t process() const { return process_; }

  // Lets it run. Fails if there is no such program (exit code 127) or it cannot be run (126); the
  // process is gone then.
  Result<void> run();

  // The exit code for a program that run() failed to run.
  [[nodiscard]] int status_of_failure() const { return status_of_failure_; }

  // Waits for its end.
  Ending wait();

 private:
  Child(pid_t process, std::string program, UniqueFd go, UniqueFd failure)
      : process_(process),
        program_(std::move(program)),
        go_(std::move(go)),
        failure_(std::move(failure)) {}

  pid_t process_;
  std::string program_;
  UniqueFd go_;       // a byte here lets it run; closed without one: it ends
  UniqueFd failure_;  // the errno of execvp(2), or nothing
  int status_of_failure_ = 0;
};

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "agent/base/error.h"
#include "agent/cmd/ending_signals.h"
#include "agent/verify/worker.h"

namespace fusescope {

// The worker of verify, with what a person is told when it fails.
class VerifyClient {
 public:
  // `timeout` is for all commands together, from here or begin(). `signals` must outlive this.
  VerifyClient(Worker worker, const EndingSignals& signals, std::string directory,
               std::chrono::seconds timeout)
      : worker_(std::move(worker)),
        signals_(signals),
        directory_(std::move(directory)),
        timeout_(timeout),
        deadline_(Worker::Clock::now() + timeout) {}

  // From now on: what came before took its time elsewhere.
  void begin() { deadline_ = Worker::Clock::now() + timeout_; }

  // Has it carried out. Fails where the worker did not answer: after a signal, which signal() then
  // tells; in time, which is_late() tells; or because it is gone. What the answer says of its own
  // failing is text_of()'s.
  Result<Answer> give(const Command& command);

  // Makes the own file, under a name that nobody can foresee, and fills it by that shape.
  Result<Answer> create(std::size_t shape);

  // Reads are of this file from then on; empty: of any that is found.
  Result<Answer> find(const std::string& file);

  // Operation, directory, reason and way out of a command that failed.
  [[nodiscard]] std::string text_of(const Command& command, const Answer& answer) const;

  // Ends the worker, which removes the file, and does not wait for one that hangs. Says where a
  // file may be left: empty if it is gone. No commands from then on.
  std::string end();

  [[nodiscard]] int signal() const { return signal_; }
  [[nodiscard]] bool is_late() const { return is_late_; }
  [[nodiscard]] std::chrono::seconds timeout() const { return timeout_; }
  [[nodiscard]] pid_t process() const { return worker_.process(); }

 private:
  [[nodiscard]] Error trouble_of(Worker::Trouble trouble) const;

  Worker worker_;
  const EndingSignals& signals_;
  std::string directory_;
  std::chrono::seconds timeout_;
  Worker::Clock::time_point deadline_;
  std::string file_;  // its name, once it may be there
  int signal_ = 0;
  bool is_late_ = false;
};

}  // namespace fusescope

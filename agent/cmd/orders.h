// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "agent/base/error.h"
#include "agent/cmd/vigil.h"
#include "agent/verify/worker.h"

namespace fusescope {

// The worker of verify, with what a person is told when it fails.
class Orders {
 public:
  // `timeout` is for all orders together. `signals` must outlive this.
  Orders(Worker worker, const EndingSignals& signals, std::string folder,
         std::chrono::seconds timeout)
      : worker_(std::move(worker)),
        signals_(signals),
        folder_(std::move(folder)),
        timeout_(timeout),
        deadline_(Worker::Clock::now() + timeout) {}

  // Makes the file, under a name that nobody can foresee.
  Result<Answer> create();

  // Has it carried out. Fails with operation, folder, reason and way out; or after a signal, which
  // signal() then tells.
  Result<Answer> give(const Order& order);

  [[nodiscard]] int signal() const { return signal_; }
  [[nodiscard]] pid_t process() const { return worker_.process(); }

 private:
  [[nodiscard]] Error failure_of(const Answer& answer) const;
  [[nodiscard]] Error trouble_of(Worker::Trouble trouble) const;

  Worker worker_;
  const EndingSignals& signals_;
  std::string folder_;
  std::chrono::seconds timeout_;
  Worker::Clock::time_point deadline_;
  std::string file_;  // its name, once it may be there
  int signal_ = 0;
};

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "agent/base/error.h"
#include "agent/cmd/broker.h"
#include "agent/cmd/privileges.h"
#include "agent/cmd/telemetry.h"
#include "agent/model/confinement.h"

namespace fusescope {

// Gives up what `serve` does not need: the thread that answers begins without privileges, and the
// main thread gives up its own as soon as nothing has to be attached any more. What cannot be given
// up is told in the log, and shown.
class Confiner {
 public:
  // Both must outlive this. Finds out what reading takes on this kernel.
  Confiner(const Telemetry& telemetry, std::shared_ptr<Broker> broker);

  // Starts the threads that answer, without privileges.
  Result<void> run(const std::function<Result<void>()>& start);

  // The main thread: once nothing has to be attached any more. Called again it does nothing.
  Result<void> confine();

  // May be called on any thread.
  [[nodiscard]] Confinement confinement() const;

 private:
  static Result<void> wait_for_attaching();

  const Telemetry& telemetry_;
  const std::shared_ptr<Broker> broker_;
  const Kept kept_;
  bool is_confined_ = false;
  std::atomic<bool> user_ = false;
  std::atomic<bool> capabilities_ = false;
  std::atomic<bool> system_calls_ = false;
};

}  // namespace fusescope

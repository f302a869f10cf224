// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include "agent/base/error.h"
#include "agent/probe/session.h"

namespace fusescope {

// The processes whose requests a session of Scope::followed_processes counts.
class Followed {
 public:
  // The session must outlive this.
  explicit Followed(Session& session) : session_(session) {}

  // Counts a process from now on, all its threads, and every child that it makes from now on; a
  // process drops out by itself when it has ended and its files are closed. The id is that of the
  // host's pid namespace, and of the process, not of one of its threads. Following it twice is
  // following it once.
  [[nodiscard]] Result<void> follow(pid_t process);

 private:
  Session& session_;
};

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "agent/base/error.h"
#include "agent/base/unique_fd.h"

namespace fusescope {

// What is asked about processes that are not this one. A process may end between two questions:
// that is an error like any other.
class OtherProcesses {
 public:
  OtherProcesses() = default;
  virtual ~OtherProcesses() = default;
  OtherProcesses(const OtherProcesses&) = delete;
  OtherProcesses& operator=(const OtherProcesses&) = delete;

  // All, in ascending order. None: they cannot be listed.
  virtual std::vector<pid_t> all() = 0;

  // The number of its mount namespace: the i of "mnt:[i]". That takes CAP_SYS_PTRACE for another
  // user's: proc_ns_readlink(), fs/proc/namespaces.c.
  virtual Result<std::string> mount_namespace(pid_t process) = 0;

  // Its mountinfo, open for reading.
  virtual Result<UniqueFd> mountinfo(pid_t process) = 0;

  // The text of its comm: a line of any bytes.
  virtual Result<std::string> command(pid_t process) = 0;
};

// From procfs, with the privileges of this thread.
class ProcfsProcesses : public OtherProcesses {
 public:
  // `proc` is the procfs to read: "/proc", or a directory made up for a test.
  explicit ProcfsProcesses(std::string proc = "/proc") : proc_(std::move(proc)) {}

  std::vector<pid_t> all() override;
  Result<std::string> mount_namespace(pid_t process) override;
  Result<UniqueFd> mountinfo(pid_t process) override;
  Result<std::string> command(pid_t process) override;

 private:
  std::string proc_;
};

// The mount namespace of a process ("/proc/123"), by number: the i of "mnt:[i]". Fails if it has
// ended, or may not be looked at.
Result<std::string> mount_namespace_of(const std::string& process);

}  // namespace fusescope

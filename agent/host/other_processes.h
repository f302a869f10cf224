// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/error.h"

namespace fusescope {

// A process, and the number of its mount namespace: the i of "mnt:[i]".
struct NamespaceMember {
  std::uint64_t name_space = 0;
  pid_t process = 0;
};

// What is asked about processes that are not this one. A process may end between two questions:
// that is an error like any other.
class OtherProcesses {
 public:
  OtherProcesses() = default;
  virtual ~OtherProcesses() = default;
  OtherProcesses(const OtherProcesses&) = delete;
  OtherProcesses& operator=(const OtherProcesses&) = delete;

  // Those whose namespace can be told, which takes CAP_SYS_PTRACE for another user's:
  // proc_ns_readlink(), fs/proc/namespaces.c. In the order of procfs.
  virtual std::vector<NamespaceMember> members() = 0;

  // The text of its mountinfo.
  virtual Result<std::string> mountinfo(pid_t process) = 0;

  // The text of its comm: a line of any bytes.
  virtual Result<std::string> command(pid_t process) = 0;
};

// From procfs, with the rights of this thread.
class ProcfsProcesses : public OtherProcesses {
 public:
  // `proc` is the procfs to read: "/proc", or a folder made up for a test.
  explicit ProcfsProcesses(std::string proc = "/proc") : proc_(std::move(proc)) {}

  std::vector<NamespaceMember> members() override;
  Result<std::string> mountinfo(pid_t process) override;
  Result<std::string> command(pid_t process) override;

 private:
  std::string proc_;
};

// The number of "mnt:[i]", of what a link such as /proc/PID/ns/mnt says; 0: it is none, or may not
// be read.
std::uint64_t namespace_number(const std::string& link);

}  // namespace fusescope

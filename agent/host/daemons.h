// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/host/other_processes.h"
#include "bpf/abi/abi.h"

namespace fusescope {

// The names of the processes that serve mounts: comm of those that have /dev/fuse open. Not the
// command line, which is read out of the process's memory: that can wait for a lock that a hung
// process holds (proc_pid_cmdline_read(), fs/proc/base.c).
class Daemons {
 public:
  // `root` is put before each path: a directory made up for a test.
  explicit Daemons(std::string root = "")
      : root_(std::move(root)), processes_(std::make_shared<ProcfsProcesses>(root_ + "/proc")) {}

  // Asks `processes` for their names.
  explicit Daemons(std::shared_ptr<OtherProcesses> processes) : processes_(std::move(processes)) {}

  // Takes the names of those that are there now, and forgets the others. Names of the first 256
  // processes only, and of none where process ids are not those of the host. Not thread-safe.
  void update(const std::vector<fusescope_device_record>& records);

  // Any bytes, 15 at most. Of several processes the first one, unless only a later one is a daemon
  // that is known. Empty: not known, as where the process is gone or may not be looked at.
  [[nodiscard]] std::string of(std::uint32_t device) const;

 private:
  std::string root_;
  std::shared_ptr<OtherProcesses> processes_;
  std::map<std::uint32_t, std::string> names_;  // by the kernel's number of the mount's device
};

}  // namespace fusescope

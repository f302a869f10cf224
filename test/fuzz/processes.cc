// SPDX-License-Identifier: Apache-2.0
#include "agent/host/processes.h"

#include <set>
#include <vector>

#include "agent/host/daemons.h"
#include "agent/model/daemon.h"
#include "test/fuzz/directory.h"
#include "test/fuzz/fuzz.h"

namespace fusescope::fuzz {
namespace {

constexpr unsigned kProcesses = 4;  // 1 to 4

}  // namespace

// stat, status and comm of some processes.
void processes(std::string_view bytes) {
  static const auto directory = directory_with({{"proc/self/ns/pid", "pid:[4026531836]"}});
  const std::string& root = directory->path();
  Source source(bytes);
  std::vector<fusescope_device_record> records;
  for (unsigned process = 1; process <= kProcesses; process++) {
    const std::string name = "proc/" + std::to_string(process);
    directory->write(name + "/stat", source.text());
    directory->write(name + "/status", source.text());
    directory->write(name + "/comm", source.text());
    fusescope_device_record& record = records.emplace_back();
    record.daemon_pid = process;
    record.device = source.up_to(1);
  }
  for (pid_t process = 1; process <= static_cast<pid_t>(kProcesses); process++) {
    is_thread_gone(process, root);
    process_of(process, root);
    const std::vector<pid_t> found = descendants_of(process, root);
    const std::set<pid_t> distinct(found.begin(), found.end());
    hold(distinct.size() == found.size() && !distinct.contains(process),
         "a process is found once, and is not its own descendant");
  }
  Daemons daemons(root);
  daemons.update(records);
  hold(daemons.of(2).empty(), "a mount without a process has no daemon");
  daemon_of_command(daemons.of(0));
}

}  // namespace fusescope::fuzz

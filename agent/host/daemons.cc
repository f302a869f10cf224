// SPDX-License-Identifier: Apache-2.0
#include "agent/host/daemons.h"

#include <set>

#include "agent/host/processes.h"
#include "agent/model/daemon.h"

namespace fusescope {
namespace {

constexpr std::size_t kMostProcesses = 256;

// Empty if the process is gone, or hidden.
std::string name_of_process(std::uint32_t process, OtherProcesses& processes) {
  std::string name = processes.command(static_cast<pid_t>(process)).value_or("");
  if (name.ends_with('\n')) name.pop_back();
  return name;
}

}  // namespace

void Daemons::update(const std::vector<fusescope_device_record>& records) {
  names_.clear();
  if (!is_host_pid_namespace(root_)) return;
  std::set<std::uint32_t> seen;
  for (const fusescope_device_record& record : records) {
    if (!seen.contains(record.daemon_pid) && seen.size() == kMostProcesses) return;
    seen.insert(record.daemon_pid);
    std::string& name = names_[record.device];
    if (!daemon_of_command(name).empty()) continue;
    std::string other = name_of_process(record.daemon_pid, *processes_);
    if (name.empty() || !daemon_of_command(other).empty()) name = std::move(other);
  }
}

std::string Daemons::of(std::uint32_t device) const {
  const auto found = names_.find(device);
  return found == names_.end() ? "" : found->second;
}

}  // namespace fusescope

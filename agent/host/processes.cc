// SPDX-License-Identifier: Apache-2.0
#include "agent/host/processes.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <map>
#include <system_error>

#include "agent/host/other_processes.h"
#include "agent/host/procfs.h"

namespace fusescope {
namespace {

constexpr const char* kHostPidNamespace = "pid:[4026531836]";  // 0xEFFFFFFC

std::string text_of(const std::string& path) { return read_procfs(path).value_or(""); }

// 0: it does not begin with a number.
pid_t number_of(std::string_view text) {
  pid_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// "PID (COMMAND) STATE PARENT ...": the command may hold anything, also brackets. 0: gone.
pid_t parent_of(pid_t process, const std::string& root) {
  const std::string stat = text_of(root + "/proc/" + std::to_string(process) + "/stat");
  const auto end = stat.rfind(") ");
  if (end == std::string::npos || stat.size() < end + 4) return 0;
  return number_of(std::string_view(stat).substr(end + 4));
}

// A letter, or 0 if the text is none of a thread.
char state_of(std::string_view stat) {
  const auto end = stat.rfind(") ");
  return end == std::string::npos || stat.size() < end + 3 ? '\0' : stat[end + 2];
}

std::multimap<pid_t, pid_t> children_by_parent(const std::string& root) {
  std::multimap<pid_t, pid_t> children;
  for (const pid_t process : all_processes(root)) {
    children.emplace(parent_of(process, root), process);
  }
  return children;
}

}  // namespace

std::vector<pid_t> all_processes(const std::string& root) {
  return ProcfsProcesses(root + "/proc").all();
}

bool is_host_pid_namespace(const std::string& root) {
  std::error_code error;
  return std::filesystem::read_symlink(root + "/proc/self/ns/pid", error) == kHostPidNamespace;
}

bool is_thread_gone(pid_t thread, const std::string& root) {
  // Unlike procfs, which may be mounted with hidepid, this tells of the threads of others.
  if (root.empty() && kill(thread, 0) != 0 && errno == ESRCH) return true;
  const char state = state_of(text_of(root + "/proc/" + std::to_string(thread) + "/stat"));
  return state == 'Z' || state == 'X';
}

Result<pid_t> process_of(pid_t id, const std::string& root) {
  constexpr std::string_view kField = "\nTgid:\t";
  const std::string path = root + "/proc/" + std::to_string(id) + "/status";
  const std::string status = text_of(path);
  const auto field = status.find(kField);
  if (id <= 0 || field == std::string::npos) {
    return std::unexpected(Error{"no process " + std::to_string(id) + ": see 'ps -e'"});
  }
  return number_of(std::string_view(status).substr(field + kField.size()));
}

std::vector<pid_t> descendants_of(pid_t process, const std::string& root) {
  const auto children = children_by_parent(root);
  std::vector<pid_t> found = {process};
  for (std::size_t i = 0; i < found.size(); i++) {
    const auto [begin, end] = children.equal_range(found[i]);
    for (auto child = begin; child != end; ++child) {
      // Ids may be given to others while procfs is read: no walk in circles.
      if (std::ranges::find(found, child->second) == found.end()) found.push_back(child->second);
    }
  }
  found.erase(found.begin());
  return found;
}

}  // namespace fusescope

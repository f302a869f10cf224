// SPDX-License-Identifier: Apache-2.0
#include "agent/host/other_processes.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "agent/host/procfs.h"

namespace fusescope {
namespace {

// 0: not the name of a process.
pid_t process_named(const std::string& name) {
  pid_t process = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), process);
  const bool is_number = error == std::errc{} && end == name.data() + name.size();
  return is_number && process > 0 ? process : 0;
}

}  // namespace

Result<std::string> mount_namespace_of(const std::string& process) {
  const std::string path = process + "/ns/mnt";
  std::array<char, 64> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  if (size < 0) return std::unexpected(errno_error("read the link " + path, errno));
  const std::string_view name(target.data(), static_cast<std::size_t>(size));
  const auto begin = name.find('[');
  const auto end = name.find(']');
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) {
    return std::unexpected(Error{"read the link " + path + ": not the name of a namespace"});
  }
  return std::string(name.substr(begin + 1, end - begin - 1));
}

std::vector<pid_t> ProcfsProcesses::all() {
  std::vector<pid_t> found;
  for (const std::string& name : list_procfs(proc_).value_or(std::vector<std::string>{})) {
    if (const pid_t process = process_named(name)) found.push_back(process);
  }
  std::ranges::sort(found);
  return found;
}

Result<std::string> ProcfsProcesses::mount_namespace(pid_t process) {
  return mount_namespace_of(proc_ + "/" + std::to_string(process));
}

Result<UniqueFd> ProcfsProcesses::mountinfo(pid_t process) {
  return open_procfs(proc_ + "/" + std::to_string(process) + "/mountinfo");
}

Result<std::string> ProcfsProcesses::command(pid_t process) {
  return read_procfs(proc_ + "/" + std::to_string(process) + "/comm");
}

}  // namespace fusescope

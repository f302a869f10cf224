// SPDX-License-Identifier: Apache-2.0
#include "agent/host/other_processes.h"

#include <dirent.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <memory>
#include <string_view>

#include "agent/host/procfs.h"

namespace fusescope {
namespace {

// 0: it is no number.
template <class Number>
Number number_of(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

}  // namespace

std::uint64_t namespace_number(const std::string& link) {
  std::array<char, 64> target{};
  const ssize_t length = ::readlink(link.c_str(), target.data(), target.size());
  const std::string_view text(target.data(), length < 0 ? 0 : static_cast<std::size_t>(length));
  const auto begin = text.find('[');
  const auto end = text.find(']');
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return 0;
  return number_of<std::uint64_t>(text.substr(begin + 1, end - begin - 1));
}

std::vector<NamespaceMember> ProcfsProcesses::members() {
  const std::unique_ptr<DIR, decltype([](DIR* open) { ::closedir(open); })> folder(
      ::opendir(proc_.c_str()));
  std::vector<NamespaceMember> members;
  if (!folder) return members;
  while (const dirent* entry = ::readdir(folder.get())) {
    const auto process = number_of<pid_t>(entry->d_name);
    if (process <= 0) continue;
    const std::uint64_t number =
        namespace_number(proc_ + "/" + std::to_string(process) + "/ns/mnt");
    if (number) members.push_back({.name_space = number, .process = process});
  }
  return members;
}

Result<std::string> ProcfsProcesses::mountinfo(pid_t process) {
  return read_procfs(proc_ + "/" + std::to_string(process) + "/mountinfo");
}

Result<std::string> ProcfsProcesses::command(pid_t process) {
  return read_procfs(proc_ + "/" + std::to_string(process) + "/comm");
}

}  // namespace fusescope

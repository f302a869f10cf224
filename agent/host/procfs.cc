// SPDX-License-Identifier: Apache-2.0
#include "agent/host/procfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <string_view>

namespace fusescope {
namespace {

constexpr std::size_t kLongestLine = 4096;

struct CloseDirectory {
  void operator()(DIR* stream) const { closedir(stream); }
};

}  // namespace

Result<UniqueFd> open_procfs(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::unexpected(errno_error("open " + path, errno));
  return file;
}

Result<std::string> read_procfs(const std::string& path) {
  const auto file = open_procfs(path);
  if (!file) return std::unexpected(file.error());
  return read_open(file->get(), path);
}

Result<std::string> read_open(int file, const std::string& path) {
  std::string text;
  std::array<char, 64 * 1024> buffer{};
  for (;;) {
    const ssize_t count = ::read(file, buffer.data(), buffer.size());
    if (count == 0) return text;
    if (count > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      return std::unexpected(errno_error("read " + path, errno));
    }
  }
}

std::optional<std::string> procfs_line(const std::string& path) {
  auto text = read_procfs(path);
  if (!text || text->empty()) return std::nullopt;
  return text->substr(0, std::min(text->find('\n'), kLongestLine));
}

std::optional<std::int64_t> procfs_number(const std::string& path) {
  const auto line = procfs_line(path);
  if (!line) return std::nullopt;
  std::int64_t value = 0;
  const char* end = line->data() + line->size();
  const auto [stop, error] = std::from_chars(line->data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

Result<std::vector<std::string>> list_procfs(const std::string& directory) {
  const std::unique_ptr<DIR, CloseDirectory> stream(opendir(directory.c_str()));
  if (!stream) return std::unexpected(errno_error("open " + directory, errno));
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(stream.get());
    if (!entry && errno) return std::unexpected(errno_error("list " + directory, errno));
    if (!entry) return names;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
}

}  // namespace fusescope

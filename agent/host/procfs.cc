// SPDX-License-Identifier: Apache-2.0
#include "agent/host/procfs.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "agent/base/unique_fd.h"

namespace fusescope {

Result<std::string> read_procfs(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::unexpected(errno_error("open " + path, errno));
  return read_open(file.get(), path);
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

}  // namespace fusescope

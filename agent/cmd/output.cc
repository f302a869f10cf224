// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace fusescope {
namespace {

constexpr int kForEver = -1;

void wait_for_room(int descriptor) {
  pollfd room{.fd = descriptor, .events = POLLOUT, .revents = 0};
  poll(&room, 1, kForEver);
}

}  // namespace

Result<void> open_standard_files() {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
    if (fcntl(descriptor, F_GETFD) >= 0) continue;
    // The wrong way round, so that nothing can be read or written. open(2) takes the lowest number.
    const int access = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (open("/dev/null", access | O_CLOEXEC) != descriptor) {
      return std::unexpected(errno_error("open /dev/null", errno));
    }
  }
  return {};
}

Result<bool> write_all(int descriptor, std::string_view text, const std::string& what) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      return false;
    } else if (errno == EAGAIN) {
      wait_for_room(descriptor);
    } else if (errno != EINTR) {
      return std::unexpected(errno_error(what, errno));
    }
  }
  return true;
}

Result<bool> print(std::string_view text) {
  return write_all(STDOUT_FILENO, text, "write to standard output");
}

bool is_output_closed() {
  pollfd end{.fd = STDOUT_FILENO, .events = 0, .revents = 0};
  return poll(&end, 1, 0) > 0 && end.revents & POLLERR;
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/host/host_limits.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "agent/base/error.h"
#include "agent/base/unique_fd.h"

namespace fusescope {
namespace {

constexpr const char* kSettings = "/proc/sys/fs";
constexpr const char* kLimit = "/proc/sys/fs/fuse/max_pages_limit";
constexpr std::uint64_t kMostPages = 65535;  // fuse_sysctl_table, fs/fuse/sysctl.c

// The kernel's text is a number and a newline.
std::optional<std::uint64_t> pages_in(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  std::uint64_t pages = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, pages);
  if (error != std::errc() || stop != end || !pages || pages > kMostPages) return std::nullopt;
  return pages;
}

// A kernel before 6.13 has no such file, but has the directory of settings.
bool is_of_older_kernel(const std::string& root, int error) {
  return error == ENOENT && access((root + kSettings).c_str(), F_OK) == 0;
}

}  // namespace

HostLimits read_host_limits(const std::string& root) {
  HostLimits host;
  host.page_bytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const UniqueFd file(open((root + kLimit).c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 32> text{};
  const ssize_t length = file ? read(file.get(), text.data(), text.size()) : -1;
  if (length < 0) {
    if (const int error = errno; !is_of_older_kernel(root, error)) {
      host.unreadable = errno_error(std::string("read ") + kLimit, error).text;
    }
    return host;
  }
  host.max_pages_limit = pages_in({text.data(), static_cast<std::size_t>(length)});
  if (!host.max_pages_limit) {
    host.unreadable = std::string("read ") + kLimit + ": what it holds is no number of pages";
  }
  return host;
}

}  // namespace fusescope

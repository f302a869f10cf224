// SPDX-License-Identifier: Apache-2.0
#include "agent/web/watched_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <tuple>
#include <utility>

#include "agent/base/unique_fd.h"

namespace fusescope {
namespace {

// The coarsest times of a filesystem: FAT counts in two seconds.
constexpr std::int64_t kTimeStep = std::chrono::nanoseconds(std::chrono::seconds(2)).count();

std::int64_t nanoseconds(const timespec& time) {
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

std::int64_t now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return nanoseconds(time);
}

// A text and an error of the same words are not the same.
std::size_t fingerprint_of(const Result<std::string>& text) {
  return text ? std::hash<std::string>()(*text) : ~std::hash<std::string>()(text.error().text);
}

// All that `file` has, but no more than `max_bytes` + 1; or errno.
std::expected<std::string, int> bytes_of(int file, std::size_t max_bytes) {
  std::string text(max_bytes + 1, '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t bytes = ::read(file, text.data() + done, text.size() - done);
    if (bytes == 0) break;
    if (bytes < 0 && errno != EINTR) return std::unexpected(errno);
    done += static_cast<std::size_t>(std::max<ssize_t>(bytes, 0));
  }
  text.resize(done);
  return text;
}

}  // namespace

WatchedFile::WatchedFile(std::filesystem::path path, std::size_t max_bytes)
    : path_(std::move(path)), max_bytes_(max_bytes) {}

// The stamp is taken first: what changes meanwhile is seen to have changed.
Result<std::string> WatchedFile::read() {
  stamp_ = stamp_now();
  is_settled_ = std::abs(now() - std::max(stamp_.written, stamp_.changed)) > kTimeStep;
  auto text = contents();
  fingerprint_ = fingerprint_of(text);
  return text;
}

bool WatchedFile::has_changed() {
  if (is_settled_ && stamp_now() == stamp_) return false;
  const std::size_t before = fingerprint_;
  std::ignore = read();
  return fingerprint_ != before;
}

WatchedFile::Stamp WatchedFile::stamp_now() const {
  struct stat status{};
  if (::stat(path_.c_str(), &status) != 0) return {};
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .bytes = status.st_size,
          .written = nanoseconds(status.st_mtim),
          .changed = nanoseconds(status.st_ctim)};
}

Result<std::string> WatchedFile::contents() const {
  const std::string what = "read " + path_.string();
  const auto failed = [&](int error) {
    return std::unexpected(
        errno_error(what, error, "give a file that the user whom the agent runs as may read"));
  };
  const UniqueFd file(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file) return failed(errno);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return failed(errno);
  if (!S_ISREG(status.st_mode)) return std::unexpected(Error{what + ": it is no regular file"});
  auto text = bytes_of(file.get(), max_bytes_);
  if (!text) return failed(text.error());
  if (text->size() > max_bytes_) {
    return std::unexpected(
        Error{what + ": it is larger than " + std::to_string(max_bytes_ / 1024) + " KiB"});
  }
  return std::move(*text);
}

}  // namespace fusescope

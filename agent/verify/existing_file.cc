// SPDX-License-Identifier: Apache-2.0
#include "agent/verify/existing_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <chrono>
#include <climits>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "agent/verify/protocol.h"
#include "agent/verify/shapes.h"

namespace fusescope {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostNames = 4096;
constexpr std::chrono::seconds kMostTime{3};
constexpr std::string_view kOwnPrefix = ".fusescope-verify-";  // that of another verify goes soon

struct CloseDirectory {
  void operator()(DIR* stream) const { closedir(stream); }
};
using Stream = std::unique_ptr<DIR, CloseDirectory>;

// Below the directory, on its own mount, and without a symbolic link in the path.
UniqueFd open_below(int directory, const std::string& name, int flags) {
  open_how how{};
  how.flags = static_cast<__u64>(flags | O_NOFOLLOW | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  return UniqueFd(
      static_cast<int>(syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how)));
}

class Search {
 public:
  Search(int directory, const std::function<bool()>& is_abandoned)
      : directory_(directory), is_abandoned_(is_abandoned) {}

  std::expected<ExistingFile, int> run() {
    for (; !directories_.empty() && !is_over(); directories_.pop_front())
      look_into(directories_.front());
    if (best_.anchor) return std::move(best_);
    return std::unexpected(ENODATA);
  }

 private:
  void look_into(const std::string& directory) {
    UniqueFd opened = open_below(directory_, directory, O_RDONLY | O_DIRECTORY);
    const Stream stream(opened ? fdopendir(opened.get()) : nullptr);
    if (!stream) return;
    std::ignore = opened.release();
    while (!is_over()) {
      const dirent* entry = readdir(stream.get());
      if (!entry) return;
      names_++;
      if (may_be_wanted(*entry)) consider(directory + "/" + entry->d_name);
    }
  }

  static bool may_be_wanted(const dirent& entry) {
    const std::string_view name = entry.d_name;
    if (name == "." || name == ".." || name.starts_with(kOwnPrefix)) return false;
    return entry.d_type == DT_REG || entry.d_type == DT_DIR || entry.d_type == DT_UNKNOWN;
  }

  void consider(const std::string& name) {
    struct stat status{};
    if (name.size() >= PATH_MAX) return;
    UniqueFd anchor = open_below(directory_, name, O_PATH);
    if (!anchor || fstat(anchor.get(), &status)) return;
    if (S_ISDIR(status.st_mode)) directories_.push_back(name);
    const auto bytes = static_cast<std::uint64_t>(status.st_size);
    if (!S_ISREG(status.st_mode) || bytes < kShapeBytes || bytes <= best_.bytes) return;
    best_ = {.anchor = std::move(anchor), .name = name.substr(2), .bytes = bytes};  // without "./"
  }

  [[nodiscard]] bool is_over() const {
    return best_.bytes >= kPlaces * kShapeBytes || names_ >= kMostNames ||
           Clock::now() - begin_ > kMostTime || is_abandoned_();
  }

  int directory_;
  const std::function<bool()>& is_abandoned_;
  Clock::time_point begin_ = Clock::now();
  std::size_t names_ = 0;
  std::deque<std::string> directories_{"."};
  ExistingFile best_;
};

}  // namespace

std::expected<ExistingFile, int> find_file(int directory,
                                           const std::function<bool()>& is_abandoned) {
  return Search(directory, is_abandoned).run();
}

std::expected<ExistingFile, int> given_file(const std::string& path, dev_t device) {
  struct stat status{};
  UniqueFd anchor(open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!anchor || fstat(anchor.get(), &status)) return std::unexpected(errno);
  if (S_ISLNK(status.st_mode)) return std::unexpected(ELOOP);
  if (!S_ISREG(status.st_mode)) return std::unexpected(EINVAL);
  if (status.st_dev != device) return std::unexpected(EXDEV);
  const auto bytes = static_cast<std::uint64_t>(status.st_size);
  if (bytes < kShapeBytes) return std::unexpected(ENODATA);
  return ExistingFile{.anchor = std::move(anchor), .name = path, .bytes = bytes};
}

}  // namespace fusescope

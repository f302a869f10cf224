// SPDX-License-Identifier: Apache-2.0
#include "agent/verify/own_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace fusescope {
namespace {

// Both are asked for at one time: the numbers of a filesystem may change between two.
bool is_same(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino &&
         (one.st_mode & S_IFMT) == (other.st_mode & S_IFMT);
}

UniqueFd none(int error) {
  errno = error;
  return {};
}

UniqueFd open_link(int descriptor, int flags) {
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  return UniqueFd(open(link.c_str(), flags | O_CLOEXEC));
}

}  // namespace

UniqueFd open_again(int anchor, int flags) {
  UniqueFd file = open_link(anchor, flags);
  if (!file) return file;
  struct stat own{};
  struct stat opened{};
  if (fstat(anchor, &own) || fstat(file.get(), &opened)) return none(errno);
  return is_same(own, opened) ? std::move(file) : none(ESTALE);
}

// A daemon may have made the file although it then refused to open it: fuse_create_open()
// (fs/fuse/dir.c) makes and opens one in two steps where CREATE is not known.
UniqueFd OwnFile::create(int directory, const std::string& name) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  directory_ = directory;
  UniqueFd file(openat(directory, name.c_str(), kFlags, 0600));
  const int error = file ? 0 : errno;
  if (error == EEXIST) return none(error);
  name_ = name;
  anchor_ = file ? open_link(file.get(), O_PATH)
                 : UniqueFd(openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (error) return none(error);
  return anchor_ ? std::move(file) : none(errno);
}

int OwnFile::remove() {
  if (name_.empty()) return 0;
  struct stat named{};
  struct stat own{};
  if (fstatat(directory_, name_.c_str(), &named, AT_SYMLINK_NOFOLLOW)) {
    if (errno != ENOENT) return errno;
  } else {
    if (!anchor_) return ESTALE;
    if (fstat(anchor_.get(), &own)) return errno;
    if (!is_same(named, own)) return ESTALE;
    if (unlinkat(directory_, name_.c_str(), 0) && errno != ENOENT) return errno;
  }
  name_.clear();
  anchor_.reset();
  return 0;
}

}  // namespace fusescope

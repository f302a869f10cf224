// SPDX-License-Identifier: Apache-2.0
// To be preloaded: reading files and folders of /proc and /sys fails as a file of rules says, which
// the environment names in KERNEL_FILE_FAULTS and which may change at any time. A rule is a line:
//   ESRCH PATTERN   read(2) and readdir(3) fail with that error, as for a process that has just
//   ended throw PATTERN   std::bad_alloc comes out of them
// PATTERN is one of fnmatch(3), of the path as /proc/self/fd has it; its * matches a slash too.
// Each path that met a rule is added, as a line, to the file of the same name with ".met" behind
// it.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <new>
#include <sstream>
#include <string>

namespace {

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

ssize_t real_read(int file, void* buffer, std::size_t bytes) {
  static auto* const read_of_libc = next<ssize_t(int, void*, std::size_t)>("read");
  return read_of_libc(file, buffer, bytes);
}

std::string path_of(int descriptor) {
  std::array<char, PATH_MAX> text{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t length = readlink(link.c_str(), text.data(), text.size());
  return length < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(length));
}

std::string text_of(const std::string& path) {
  std::array<char, 4096> text{};
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return "";
  const ssize_t length = real_read(file, text.data(), text.size());
  close(file);
  return length < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(length));
}

void note(const std::string& file, const std::string& path) {
  const std::string line = path + "\n";
  const int log = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log < 0) return;
  if (write(log, line.data(), line.size()) < 0) abort();
  close(log);
}

// Whether reading it is to fail: errno says how then.
bool fails(int descriptor) {
  const char* rules = getenv("KERNEL_FILE_FAULTS");
  const std::string path = rules ? path_of(descriptor) : "";
  if (!path.starts_with("/proc") && !path.starts_with("/sys/")) return false;
  std::istringstream lines(text_of(rules));
  for (std::string what, pattern; lines >> what >> pattern;) {
    if (fnmatch(pattern.c_str(), path.c_str(), 0) != 0) continue;
    note(std::string(rules) + ".met", path);
    if (what == "throw") throw std::bad_alloc();
    errno = ESRCH;
    return true;
  }
  return false;
}

// The first entry of a folder, behind "." and "..", is always there: libstdc++ reads it as it opens
// the folder. dir_emit_dots(), include/linux/fs.h, puts these at 0 and 1.
bool is_begun(DIR* folder) { return telldir(folder) > 2; }

}  // namespace

extern "C" {

ssize_t read(int file, void* buffer, std::size_t bytes) {
  return fails(file) ? -1 : real_read(file, buffer, bytes);
}

dirent* readdir(DIR* folder) {
  static auto* const readdir_of_libc = next<dirent*(DIR*)>("readdir");
  return is_begun(folder) && fails(dirfd(folder)) ? nullptr : readdir_of_libc(folder);
}

dirent64* readdir64(DIR* folder) {
  static auto* const readdir_of_libc = next<dirent64*(DIR*)>("readdir64");
  return is_begun(folder) && fails(dirfd(folder)) ? nullptr : readdir_of_libc(folder);
}
}

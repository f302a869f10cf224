// SPDX-License-Identifier: Apache-2.0
// To be preloaded: reading files and directories of /proc and /sys fails as a file of rules says,
// which the environment names in KERNEL_FILE_FAULTS and which may change at any time. A rule is a
// line:
//   ESRCH PATTERN   read(2) and readdir(3) fail with it, as for a process that has just ended
//   throw PATTERN   std::bad_alloc comes out of them
// PATTERN is one of fnmatch(3), of the path as /proc/self/fd has it; its * matches a slash too.
// Each path that met a rule is added, as a line, to the file of the same name with ".met" behind
// it. Both files have their full size from the start, with zeros for what is not used: they are
// mapped, because a process that has given up its rights may not open them any more.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <mutex>
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

// All of a file, shared with who made it; not there: 0.
struct Mapping {
  explicit Mapping(const std::string& path) {
    const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    bytes = static_cast<std::size_t>(lseek(file, 0, SEEK_END));
    void* begin = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (begin != MAP_FAILED) text = static_cast<char*>(begin);
    close(file);
  }

  char* text = nullptr;
  std::size_t bytes = 0;
};

std::string name_of_rules() {
  const char* name = getenv("KERNEL_FILE_FAULTS");
  return name ? name : "";
}

const Mapping rules(name_of_rules());
const Mapping met(name_of_rules() + ".met");

void note(const std::string& path) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  const std::string line = path + "\n";
  const std::size_t used = strnlen(met.text, met.bytes);
  if (used + line.size() < met.bytes) memcpy(met.text + used, line.data(), line.size());
}

// Whether reading it is to fail: errno says how then.
bool fails(int descriptor) {
  if (!rules.text || !met.text || !*rules.text) return false;
  const std::string path = path_of(descriptor);
  if (!path.starts_with("/proc") && !path.starts_with("/sys/")) return false;
  std::istringstream lines(std::string(rules.text, strnlen(rules.text, rules.bytes)));
  for (std::string what, pattern; lines >> what >> pattern;) {
    if (fnmatch(pattern.c_str(), path.c_str(), 0) != 0) continue;
    note(path);
    if (what == "throw") throw std::bad_alloc();
    errno = ESRCH;
    return true;
  }
  return false;
}

// The first entry of a directory, behind "." and "..", is always there: libstdc++ reads it as it
// opens the directory. dir_emit_dots(), include/linux/fs.h, puts these at 0 and 1.
bool is_begun(DIR* directory) { return telldir(directory) > 2; }

}  // namespace

extern "C" {

ssize_t read(int file, void* buffer, std::size_t bytes) {
  return fails(file) ? -1 : real_read(file, buffer, bytes);
}

dirent* readdir(DIR* directory) {
  static auto* const readdir_of_libc = next<dirent*(DIR*)>("readdir");
  return is_begun(directory) && fails(dirfd(directory)) ? nullptr : readdir_of_libc(directory);
}

dirent64* readdir64(DIR* directory) {
  static auto* const readdir_of_libc = next<dirent64*(DIR*)>("readdir64");
  return is_begun(directory) && fails(dirfd(directory)) ? nullptr : readdir_of_libc(directory);
}
}

// SPDX-License-Identifier: Apache-2.0
// A folder in memory, to stand for / or /proc, removed when the process ends well.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "agent/base/unique_fd.h"
#include "test/fuzz/fuzz.h"

namespace fusescope::fuzz {

class Folder {
 public:
  Folder() : path_("/dev/shm/fusescope-fuzz-XXXXXX") {
    hold(::mkdtemp(path_.data()) != nullptr, "a folder in /dev/shm can be made");
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

  // Names begin with a slash. The folders that lead there are made, the first time.
  void write(const std::string& name, std::string_view bytes) const {
    const std::string file = path_ + name;
    UniqueFd open(::open(file.c_str(), kHow, 0600));
    if (!open) {
      make_parent(file);
      open.reset(::open(file.c_str(), kHow, 0600));
    }
    const ssize_t written = ::write(open.get(), bytes.data(), bytes.size());
    hold(written == static_cast<ssize_t>(bytes.size()), "a file in memory can be written");
  }

  void link(const std::string& name, const std::string& target) const {
    make_parent(path_ + name);
    std::filesystem::create_symlink(target, path_ + name);
  }

 private:
  static constexpr int kHow = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;

  static void make_parent(const std::string& file) {
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
  }

  std::string path_;
};

}  // namespace fusescope::fuzz

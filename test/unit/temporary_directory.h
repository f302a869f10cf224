// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace fusescope {

// A directory of its own for one test, removed with all that is in it. Paths are relative to it.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(
      const std::filesystem::path& where = std::filesystem::temp_directory_path())
      : path_(where / "fusescope-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp " + path_);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

  // Writes a file, and makes the directories that lead to it.
  void write(const std::string& name, std::string_view text) const {
    std::ofstream file(made(name), std::ios::binary);
    file << text;
    if (!file.flush()) throw std::runtime_error("write " + path_ + "/" + name);
  }

  void link(const std::string& name, const std::string& target) const {
    std::filesystem::create_symlink(target, made(name));
  }

  void remove(const std::string& name) const { std::filesystem::remove_all(path_ + "/" + name); }

 private:
  // Where a file of that name is to be made.
  [[nodiscard]] std::filesystem::path made(const std::string& name) const {
    const std::filesystem::path path = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(path.parent_path());
    return path;
  }

  std::string path_;
};

}  // namespace fusescope

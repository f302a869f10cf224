// SPDX-License-Identifier: Apache-2.0
// A file that is read now, and again only when something else is in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "agent/base/error.h"

namespace fusescope {

class WatchedFile {
 public:
  // Nothing is read yet. Only a regular file of at most `max_bytes` ever is: a pipe or a device
  // without end must not hang the agent.
  WatchedFile(std::filesystem::path path, std::size_t max_bytes);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  // All of it, or why it cannot be had. The text is not kept.
  Result<std::string> read();

  // Whether another read() would give something else than the last one, which may be an error. As a
  // rule device, inode, size and times tell that. It is read where one of these has changed, and
  // where it had been written so shortly before that its times may not tell of another write.
  // What is found is the last one from then on.
  bool has_changed();

 private:
  struct Stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t bytes = -1;   // -1: it is not there
    std::int64_t written = 0;  // nanoseconds since 1970, as `changed`
    std::int64_t changed = 0;
    bool operator==(const Stamp&) const = default;
  };
  [[nodiscard]] Stamp stamp_now() const;
  [[nodiscard]] Result<std::string> contents() const;

  std::filesystem::path path_;
  std::size_t max_bytes_;
  Stamp stamp_;                  // of before the last reading
  bool is_settled_ = false;      // a later write would change the stamp
  std::size_t fingerprint_ = 0;  // of the last text or error
};

}  // namespace fusescope

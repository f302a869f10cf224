// SPDX-License-Identifier: Apache-2.0
// The counts as JSON.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "fs/error.h"
#include "fs/server.h"

namespace countfs {

// Fails if there is something other than a regular file, as /dev/null or a symbolic link: a report
// would replace it. An empty path is stdout.
std::expected<void, fusetest::Error> check_stats_path(const std::string& path);

class Reporter {
 public:
  // An empty path is stdout.
  explicit Reporter(std::string path) : path_(std::move(path)) {}

  // Each report has a generation number one above the last one's, and replaces the file at once:
  // a reader never sees half a report. Fails if it cannot be written, or as check_stats_path().
  std::expected<void, fusetest::Error> write(const Server& server);

 private:
  std::string path_;
  std::uint64_t generation_ = 0;
};

}  // namespace countfs

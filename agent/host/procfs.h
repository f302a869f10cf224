// SPDX-License-Identifier: Apache-2.0
// Reading procfs, sysfs and the like. What a file or directory there is about may be gone at any
// moment, as a process: read(2) and getdents64(2) fail then, and that is an error like any other.
// The streams and directory iterators of the standard library throw it, so that they are not used
// there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/error.h"
#include "agent/base/unique_fd.h"

namespace fusescope {

// A file, open for reading.
Result<UniqueFd> open_procfs(const std::string& path);

// All of a file: it gives no size, and hands out about a page at a time.
Result<std::string> read_procfs(const std::string& path);

// The same of one that is open; `path` is for the error.
Result<std::string> read_open(int file, const std::string& path);

// Its first line, without the newline, and no more than 4 KiB of it. Nothing if it cannot be read,
// or is empty.
std::optional<std::string> procfs_line(const std::string& path);

// The number that its first line is, in decimal. Nothing if it is none.
std::optional<std::int64_t> procfs_number(const std::string& path);

// The names in a directory, but for "." and "..", in no order.
Result<std::vector<std::string>> list_procfs(const std::string& directory);

}  // namespace fusescope

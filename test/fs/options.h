// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "fs/request.h"

namespace countfs {

struct PresetFile {
  std::string name;
  std::uint64_t size = 0;
};

struct FaultOptions {
  std::chrono::microseconds reply_delay{0};
  std::uint64_t error_every = 0;  // 0: never
  int error = EIO;
  int write_error = 0;                  // of every WRITE; 0: none
  std::uint64_t short_every = 0;        // READ; 0: never
  std::uint64_t short_write_every = 0;  // 0: never
};

struct Options {
  std::string mountpoint;
  std::string stats_path;  // empty: stdout
  std::string fsname = "countfs";
  std::string subtype = "countfs";
  bool block_device = false;  // fsname is one: the mount is of type fuseblk
  std::string backing;        // file that each open is passed through to; empty: none
  std::vector<PresetFile> files;
  FaultOptions faults;
  InitChanges init;
  std::uint32_t max_write = 0;  // 0: libfuse's own limit, for these three
  std::uint32_t max_read = 0;
  std::uint32_t max_background = 0;
  std::uint32_t threads = 4;
  double attribute_timeout = 1.0;  // seconds
  bool direct_io = false;
  bool refuse_direct = false;
  bool refuse_direct_data = false;
  bool refuse_reads_of_writers = false;
  bool keep_cache = false;
  bool writeback_cache = false;
  bool no_async_read = false;
  bool no_async_dio = false;
  bool copy_file_range = false;
  bool allow_other = false;
};

// The exit code where the program is to end now: after --help, or bad options.
std::expected<Options, int> parse_options(int argc, char** argv);

}  // namespace countfs

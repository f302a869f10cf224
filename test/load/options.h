// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

namespace sgio {

struct EngineKind;

enum class Order { sequential, same, random };

struct Options {
  std::string file;
  std::string copy_to;
  const EngineKind* engine = nullptr;
  bool write = false;
  bool direct = false;

  // One call: segments of segment_bytes each.
  std::uint32_t segments = 256;
  std::uint64_t segment_bytes = 4096;
  std::uint64_t offset_in_page = 0;
  bool contiguous = false;

  // How many calls, and where.
  std::uint64_t offset = 0;
  std::uint64_t calls = 1;  // of each thread, in each loop
  std::uint64_t loops = 1;
  std::optional<std::chrono::duration<double>> duration;  // instead of a number of calls
  Order order = Order::sequential;
  std::uint64_t seed = 0;
  std::uint32_t threads = 1;
  bool same_region = false;
  std::uint32_t queue_depth = 1;
  std::chrono::microseconds pause{0};

  bool uring_fixed = false;
  bool uring_poll_thread = false;
  bool fsync = false;
  bool readahead_off = false;
  std::optional<std::uint64_t> create_size;
  bool keep_going = false;
  bool verify = false;

  std::uint64_t call_bytes() const { return segments * segment_bytes; }
};

// The exit code where the program is to end now: after --help, or bad options.
std::expected<Options, int> parse_options(int argc, char** argv);

}  // namespace sgio

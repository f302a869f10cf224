// SPDX-License-Identifier: Apache-2.0
// The memory of one I/O call, cut into segments.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "fs/error.h"

namespace sgio {

struct Options;

class SegmentBuffers {
 public:
  static std::expected<SegmentBuffers, fusetest::Error> allocate(const Options& options);

  std::span<const iovec> segments() const { return segments_; }

  // As if the segments, one after the other, were the file from this offset on.
  void fill_pattern(std::uint64_t file_offset);
  // File offset of the first wrong word among the first bytes, if any.
  std::optional<std::uint64_t> find_mismatch(std::uint64_t file_offset, std::size_t bytes) const;

 private:
  struct Unmap {
    std::size_t length = 0;
    void operator()(std::byte* memory) const;
  };
  using Memory = std::unique_ptr<std::byte, Unmap>;

  SegmentBuffers(Memory memory, std::vector<iovec> segments)
      : memory_(std::move(memory)), segments_(std::move(segments)) {}

  Memory memory_;
  std::vector<iovec> segments_;
};

}  // namespace sgio

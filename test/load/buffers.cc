// SPDX-License-Identifier: Apache-2.0
#include "load/buffers.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "fs/pattern.h"
#include "load/options.h"

namespace sgio {
namespace {

constexpr int unverified_content = 0x5a;

// Separate segments begin at the same place in a page of their own.
std::size_t stride_of(const Options& options) {
  if (options.contiguous) return options.segment_bytes;
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return (options.offset_in_page + options.segment_bytes + page - 1) / page * page;
}

std::span<std::byte> bytes_of(const iovec& segment) {
  return {static_cast<std::byte*>(segment.iov_base), segment.iov_len};
}

}  // namespace

void SegmentBuffers::Unmap::operator()(std::byte* memory) const { ::munmap(memory, length); }

std::expected<SegmentBuffers, fusetest::Error> SegmentBuffers::allocate(const Options& options) {
  const std::size_t stride = stride_of(options);
  const std::size_t length = options.offset_in_page + stride * options.segments;
  void* const mapped = ::mmap(nullptr, length, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (mapped == MAP_FAILED) {
    return fusetest::system_failure("allocate", std::to_string(length) + " bytes of buffers", errno,
                                    "use fewer or smaller segments");
  }
  Memory memory(static_cast<std::byte*>(mapped), Unmap{length});
  std::memset(mapped, unverified_content, length);
  std::vector<iovec> segments(options.segments);
  for (std::size_t index = 0; index < segments.size(); ++index) {
    segments[index] = {memory.get() + options.offset_in_page + index * stride,
                       options.segment_bytes};
  }
  return SegmentBuffers(std::move(memory), std::move(segments));
}

void SegmentBuffers::fill_pattern(std::uint64_t file_offset) {
  for (const iovec& segment : segments_) {
    fusetest::fill_pattern(bytes_of(segment), file_offset);
    file_offset += segment.iov_len;
  }
}

std::optional<std::uint64_t> SegmentBuffers::find_mismatch(std::uint64_t file_offset,
                                                           std::size_t bytes) const {
  for (const iovec& segment : segments_) {
    const std::size_t length = std::min(bytes, segment.iov_len);
    const auto mismatch = fusetest::find_mismatch(bytes_of(segment).first(length), file_offset);
    if (mismatch) return file_offset + *mismatch;
    file_offset += length;
    bytes -= length;
  }
  return std::nullopt;
}

}  // namespace sgio

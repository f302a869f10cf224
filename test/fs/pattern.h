// SPDX-License-Identifier: Apache-2.0
// The content that countfs gives to precreated files and that sgio verifies: every aligned
// 8-byte word tells where in the file it belongs, so misplaced data never passes for right.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace fusetest {

static_assert(std::endian::native == std::endian::little);

constexpr std::uint64_t pattern_word(std::uint64_t word_index) {
  return (word_index + 1) * 0x9E3779B97F4A7C15ULL;  // odd: no two words of a file are the same
}

// Calls visit(position in the buffer, pattern bytes, length) for each word the buffer covers,
// until it returns false.
template <typename Visit>
void visit_pattern(std::size_t length, std::uint64_t file_offset, Visit visit) {
  constexpr std::size_t word_size = sizeof(std::uint64_t);
  for (std::size_t position = 0; position < length;) {
    const std::uint64_t at = file_offset + position;
    const std::uint64_t word = pattern_word(at / word_size);
    const std::size_t skip = at % word_size;
    const std::size_t take = std::min(word_size - skip, length - position);
    if (!visit(position, reinterpret_cast<const std::byte*>(&word) + skip, take)) return;
    position += take;
  }
}

inline void fill_pattern(std::span<std::byte> buffer, std::uint64_t file_offset) {
  visit_pattern(buffer.size(), file_offset,
                [&](std::size_t position, const std::byte* bytes, std::size_t length) {
                  std::memcpy(buffer.data() + position, bytes, length);
                  return true;
                });
}

// Where in the buffer the first wrong word is, if any.
inline std::optional<std::size_t> find_mismatch(std::span<const std::byte> buffer,
                                                std::uint64_t file_offset) {
  std::optional<std::size_t> mismatch;
  visit_pattern(buffer.size(), file_offset,
                [&](std::size_t position, const std::byte* bytes, std::size_t length) {
                  if (std::memcmp(buffer.data() + position, bytes, length) == 0) return true;
                  mismatch = position;
                  return false;
                });
  return mismatch;
}

}  // namespace fusetest

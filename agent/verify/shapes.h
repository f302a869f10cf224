// SPDX-License-Identifier: Apache-2.0
// The forms in which `verify` reads and writes the same bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/model/minimum.h"

namespace fusescope {

// What each of them carries in all.
constexpr std::uint64_t kShapeBytes = 1 << 20;

struct IoShape {
  const char* id;     // in JSON
  std::string title;  // for people
  std::uint32_t calls;
  std::uint32_t segments;  // of each call
  std::uint64_t segment_bytes;
  std::uint64_t address_in_page;  // where the buffer of each segment begins
};

// Of a host with pages of so many bytes, 1 MiB at most: a segment has the size of a page, so that
// one that begins inside a page ends in the next. The calls that a verdict can be about come first;
// then the same bytes as single calls, which is what a kernel made of the first that does not merge
// the segments of a call.
std::vector<IoShape> io_shapes(std::uint64_t page_bytes);
constexpr std::size_t kVectored = 0;
constexpr std::size_t kUnaligned = 1;
constexpr std::size_t kSingles = 2;

// The segments of one call of a shape.
std::vector<Segment> segments_of(const IoShape& shape);

}  // namespace fusescope

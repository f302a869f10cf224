// SPDX-License-Identifier: Apache-2.0
// The forms in which `verify` reads and writes the same bytes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "agent/model/minimum.h"

namespace fusescope {

// What each of them carries in all.
constexpr std::uint64_t kShapeBytes = 1 << 20;

struct IoShape {
  const char* id;     // in JSON
  const char* title;  // for people
  std::uint32_t calls;
  std::uint32_t segments;  // of each call
  std::uint64_t segment_bytes;
};

// The call that the verdict is about comes first; then the same bytes as single calls, which is
// what a kernel did that does not merge the segments of a call.
std::span<const IoShape> io_shapes();
constexpr std::size_t kVectored = 0;
constexpr std::size_t kSingles = 1;

// The segments of one call of a shape, whose buffers begin `address_in_page` bytes into a page.
std::vector<Segment> segments_of(const IoShape& shape, std::uint64_t address_in_page);

}  // namespace fusescope

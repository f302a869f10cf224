// SPDX-License-Identifier: Apache-2.0
#include "agent/verify/shapes.h"

namespace fusescope {

std::vector<IoShape> io_shapes(std::uint64_t page_bytes) {
  const auto pages = static_cast<std::uint32_t>(kShapeBytes / page_bytes);
  const std::string page = std::to_string(page_bytes / 1024) + " KiB";
  const std::string many = std::to_string(pages) + " x " + page;
  return {
      {"vectored", many + " in one call", 1, pages, page_bytes, 0},
      {"unaligned", many + ", not aligned", 1, pages, page_bytes, 512},
      {"single", std::to_string(pages) + " calls of " + page, pages, 1, page_bytes, 0},
      {"buffer", "one buffer of 1 MiB", 1, 1, kShapeBytes, 0},
  };
}

std::vector<Segment> segments_of(const IoShape& shape) {
  return {shape.segments, {.address_in_page = shape.address_in_page, .bytes = shape.segment_bytes}};
}

}  // namespace fusescope

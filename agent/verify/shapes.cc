// SPDX-License-Identifier: Apache-2.0
#include "agent/verify/shapes.h"

#include <array>

namespace fusescope {
namespace {

constexpr std::array kShapes = {
    IoShape{"vectored", "256 x 4 KiB in one call", 1, 256, 4096},
    IoShape{"single", "256 calls of 4 KiB", 256, 1, 4096},
    IoShape{"buffer", "one buffer of 1 MiB", 1, 1, kShapeBytes},
};

constexpr bool carry_the_same() {
  for (const IoShape& shape : kShapes) {
    if (shape.calls * shape.segments * shape.segment_bytes != kShapeBytes) return false;
  }
  return true;
}
static_assert(carry_the_same());

}  // namespace

std::span<const IoShape> io_shapes() { return kShapes; }

std::vector<Segment> segments_of(const IoShape& shape, std::uint64_t address_in_page) {
  return {shape.segments, {.address_in_page = address_in_page, .bytes = shape.segment_bytes}};
}

}  // namespace fusescope

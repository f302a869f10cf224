// SPDX-License-Identifier: Apache-2.0
// How few data requests a direct call can be made of, and what each of them carries: what a kernel
// that merges iovecs does. Pure values.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bpf/abi/abi.h"

namespace fusescope {

// One iovec of a call. Of its address only the place in its page matters.
struct Segment {
  std::uint64_t address_in_page = 0;  // bytes; less than the page size
  std::uint64_t bytes = 0;
  bool operator==(const Segment&) const = default;
};

// What one request carries.
struct RequestShape {
  std::uint64_t bytes = 0;
  std::uint64_t pages = 0;  // slots of its page array
  bool operator==(const RequestShape&) const = default;
};

// Of these LIMITS, the one on the bytes of one request of OP: max_read or max_write.
std::uint64_t request_cap(fusescope_op op, const fusescope_limits& limits);

// Whether no byte more goes into a request of OP under these LIMITS.
bool is_full(const RequestShape& request, fusescope_op op, const fusescope_limits& limits);

// The requests of one direct call of OP over SEGMENTS, in order, under what its connection
// negotiated: fuse_direct_io() (fs/fuse/file.c) closes one only when max_pages slots are used or
// max_read or max_write bytes are in it, and each piece of a segment that lies in one page takes a
// slot. The reply to none of them is short. None for a call of no bytes, and none where LIMITS let
// no byte through: they are not known. PAGE_BYTES is a power of two.
std::vector<RequestShape> minimum_requests(std::span<const Segment> segments, fusescope_op op,
                                           const fusescope_limits& limits,
                                           std::uint64_t page_bytes);

}  // namespace fusescope

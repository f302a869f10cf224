// SPDX-License-Identifier: Apache-2.0
// How fs/fuse makes requests of a direct call, as a pure function: what the rule for causes is
// compared to.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace fusescope {

// A part of the caller's memory, of which only the place in its first page matters.
struct Segment {
  std::uint64_t offset_in_page = 0;
  std::uint64_t length = 0;
};
using Segments = std::vector<Segment>;

struct Request {
  std::uint64_t slots = 0;
  std::uint64_t bytes = 0;
  bool operator==(const Request&) const = default;
};

struct RequestLimits {
  std::uint64_t max_pages = 0;
  std::uint64_t cap = 0;  // bytes: max_read or max_write
  std::uint64_t page_size = 4096;

  [[nodiscard]] bool is_full(const Request& request) const {
    return request.slots == max_pages || request.bytes == cap;
  }
};

// The minimum: a request is closed only at max_pages slots or at the cap of bytes. Each piece of a
// segment that lies in one page takes a slot.
inline std::vector<Request> merged_requests(const Segments& segments, const RequestLimits& limits) {
  std::vector<Request> requests;
  for (Segment rest : segments) {
    while (rest.length > 0) {
      if (requests.empty() || limits.is_full(requests.back())) requests.emplace_back();
      Request& request = requests.back();
      const std::uint64_t piece = std::min(
          {rest.length, limits.page_size - rest.offset_in_page, limits.cap - request.bytes});
      request.slots += 1;
      request.bytes += piece;
      rest.length -= piece;
      rest.offset_in_page = (rest.offset_in_page + piece) % limits.page_size;
    }
  }
  return requests;
}

// A kernel without scatter-gather: no request holds parts of two segments.
inline std::vector<Request> unmerged_requests(const Segments& segments,
                                              const RequestLimits& limits) {
  std::vector<Request> requests;
  for (const Segment& segment : segments) {
    const std::vector<Request> own = merged_requests({segment}, limits);
    requests.insert(requests.end(), own.begin(), own.end());
  }
  return requests;
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/model/minimum.h"

#include <algorithm>

namespace fusescope {

std::uint64_t request_cap(fusescope_op op, const fusescope_limits& limits) {
  return op == FUSESCOPE_READ ? limits.max_read : limits.max_write;
}

bool is_full(const RequestShape& request, fusescope_op op, const fusescope_limits& limits) {
  return request.pages >= limits.max_pages || request.bytes >= request_cap(op, limits);
}

std::vector<RequestShape> minimum_requests(std::span<const Segment> segments, fusescope_op op,
                                           const fusescope_limits& limits,
                                           std::uint64_t page_bytes) {
  std::vector<RequestShape> requests;
  if (is_full({}, op, limits)) return requests;
  for (Segment rest : segments) {
    while (rest.bytes > 0) {
      if (requests.empty() || is_full(requests.back(), op, limits)) requests.emplace_back();
      RequestShape& request = requests.back();
      const std::uint64_t piece = std::min(
          {rest.bytes, page_bytes - rest.address_in_page, request_cap(op, limits) - request.bytes});
      request.pages += 1;
      request.bytes += piece;
      rest.bytes -= piece;
      rest.address_in_page = (rest.address_in_page + piece) % page_bytes;
    }
  }
  return requests;
}

}  // namespace fusescope

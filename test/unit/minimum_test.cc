// SPDX-License-Identifier: Apache-2.0
#include "agent/model/minimum.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <ostream>
#include <vector>

namespace fusescope {

// What a failed comparison shows.
void PrintTo(const RequestShape& request, std::ostream* out) {
  *out << request.bytes << " bytes in " << request.pages << " slots";
}

namespace {

using Requests = std::vector<RequestShape>;

constexpr std::uint64_t kPage = 4096;
constexpr std::uint32_t kMiB = 1024 * 1024;

fusescope_limits limits_of(std::uint32_t max_pages, std::uint32_t cap) {
  fusescope_limits limits{};
  limits.max_pages = max_pages;
  limits.max_read = cap;
  limits.max_write = cap;
  return limits;
}

Requests requests_of(const std::vector<Segment>& segments, const fusescope_limits& limits,
                     std::uint64_t page_bytes = kPage) {
  const Requests requests = minimum_requests(segments, FUSESCOPE_READ, limits, page_bytes);
  EXPECT_EQ(minimum_requests(segments, FUSESCOPE_WRITE, limits, page_bytes), requests);
  return requests;
}

std::vector<Segment> repeated(std::size_t count, Segment segment) {
  return std::vector<Segment>(count, segment);
}

TEST(MinimumRequests, AreOneWhereItAllFits) {
  const fusescope_limits limits = limits_of(256, kMiB);
  EXPECT_EQ(requests_of(repeated(256, {0, kPage}), limits), (Requests{{kMiB, 256}}));
  EXPECT_EQ(requests_of(repeated(256, {0, 512}), limits), (Requests{{256 * 512, 256}}));
  EXPECT_EQ(requests_of({{0, kMiB}}, limits), (Requests{{kMiB, 256}}));
}

TEST(MinimumRequests, UseTwoSlotsForEachSegmentThatLiesInTwoPages) {
  EXPECT_EQ(requests_of(repeated(256, {512, kPage}), limits_of(256, kMiB)),
            (Requests{{kMiB / 2, 256}, {kMiB / 2, 256}}));
}

TEST(MinimumRequests, LeaveTheEndOfAShiftedBufferForASecondRequest) {
  EXPECT_EQ(requests_of({{512, kMiB}}, limits_of(256, kMiB)), (Requests{{1048064, 256}, {512, 1}}));
}

TEST(MinimumRequests, EndInsideOfAPageWhereTheCapDoes) {
  EXPECT_EQ(requests_of({{0, 3 * kPage}}, limits_of(256, 6000)),
            (Requests{{6000, 2}, {6000, 2}, {288, 1}}));
}

TEST(MinimumRequests, MindTheLimitOfTheirOwnDirection) {
  fusescope_limits limits = limits_of(256, kMiB);
  limits.max_read = 2 * kPage;
  const std::vector<Segment> segments = {{0, 4 * kPage}};
  EXPECT_EQ(minimum_requests(segments, FUSESCOPE_READ, limits, kPage).size(), 2U);
  EXPECT_EQ(minimum_requests(segments, FUSESCOPE_WRITE, limits, kPage).size(), 1U);
}

TEST(MinimumRequests, GoByThePageSizeOfTheHost) {
  EXPECT_EQ(requests_of({{0, kMiB}}, limits_of(4, kMiB), 65536).size(), 4U);
}

TEST(MinimumRequests, TakeNoSlotForAnEmptySegment) {
  EXPECT_EQ(requests_of({{0, kPage}, {100, 0}, {0, kPage}}, limits_of(256, kMiB)),
            (Requests{{2 * kPage, 2}}));
  EXPECT_EQ(requests_of({{0, 0}}, limits_of(256, kMiB)), Requests{});
  EXPECT_EQ(requests_of({}, limits_of(256, kMiB)), Requests{});
}

TEST(MinimumRequests, AreNoneUnderLimitsThatAreNotKnown) {
  EXPECT_EQ(requests_of({{0, kPage}}, limits_of(0, kMiB)), Requests{});
  EXPECT_EQ(requests_of({{0, kPage}}, limits_of(256, 0)), Requests{});
}

}  // namespace
}  // namespace fusescope

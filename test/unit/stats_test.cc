// SPDX-License-Identifier: Apache-2.0
#include "agent/model/stats.h"

#include <gtest/gtest.h>

namespace fusescope {
namespace {

TEST(StatsOfCalls, AreZeroWithoutAnyCall) {
  const fusescope_io_stats stats{};
  EXPECT_EQ(calls_of(stats), 0U);
  EXPECT_EQ(requests_of(stats), 0U);
  EXPECT_EQ(segments_of(stats), 0U);
}

TEST(StatsOfCalls, CountACallWithoutRequestsAsACallOfOneSegment) {
  fusescope_io_stats stats{};
  stats.requests[0] = 3;
  EXPECT_EQ(calls_of(stats), 3U);
  EXPECT_EQ(requests_of(stats), 0U);
  EXPECT_EQ(segments_of(stats), 3U);
}

TEST(StatsOfCalls, AddTheRequestsOfSplitsToThoseEveryCallHas) {
  fusescope_io_stats stats{};
  stats.requests[0] = 2;  // no request
  stats.requests[1] = 5;  // one
  stats.requests[4] = 1;  // eight
  stats.requests[FUSESCOPE_REQUESTS_SLOTS - 1] = 1;
  stats.extra_requests[FUSESCOPE_CAUSE_MAX_PAGES] = 7;
  stats.extra_requests[FUSESCOPE_CAUSES - 1] = 99'999;
  EXPECT_EQ(calls_of(stats), 9U);
  EXPECT_EQ(requests_of(stats), 5U + 8 + 100'000);
}

TEST(StatsOfCalls, TellWhatWasNeededFromWhatWasNot) {
  fusescope_io_stats stats{};
  stats.requests[0] = 2;
  stats.requests[1] = 5;
  stats.requests[4] = 1;  // eight, of which it needs three
  stats.extra_requests[FUSESCOPE_CAUSE_MAX_PAGES] = 7;
  stats.needed_extra_requests = 2;
  EXPECT_EQ(requests_of(stats), 13U);
  EXPECT_EQ(minimum_of(stats), 8U);
  EXPECT_EQ(excess_of(stats), 5U);
}

TEST(StatsOfCalls, NeedNoMoreThanWasSentWhileACallIsBeingCounted) {
  fusescope_io_stats stats{};
  stats.requests[4] = 1;
  stats.needed_extra_requests = 3;
  EXPECT_EQ(minimum_of(stats), requests_of(stats));
  EXPECT_EQ(excess_of(stats), 0U);
}

TEST(StatsOfCalls, AddTheExtraSegmentsToTheOneEveryCallHas) {
  fusescope_io_stats stats{};
  stats.requests[1] = 2;
  stats.extra_segments = 255;
  EXPECT_EQ(segments_of(stats), 257U);
}

TEST(StatsOfRequests, AreTheRequestsOfEverySlot) {
  fusescope_data_stats stats{};
  EXPECT_EQ(requests_of(stats), 0U);
  stats.pages[0] = 1;
  stats.pages[8] = 2;
  stats.pages[FUSESCOPE_COUNT_SLOTS - 1] = 4;
  EXPECT_EQ(requests_of(stats), 7U);
}

TEST(StatsOfRequests, AddTheExtraPagesToTheOneEveryRequestHas) {
  fusescope_data_stats stats{};
  EXPECT_EQ(pages_of(stats), 0U);
  stats.pages[0] = 1;
  stats.pages[8] = 2;
  stats.extra_pages = 510;
  EXPECT_EQ(pages_of(stats), 513U);
}

TEST(StatsOfDurations, AreTheRequestsOfEverySlot) {
  fusescope_duration_stats stats{};
  stats.sum_ns = 1'000;
  EXPECT_EQ(count_of(stats), 0U);
  stats.slots[0] = 1;
  stats.slots[FUSESCOPE_DURATION_SLOTS - 1] = 2;
  EXPECT_EQ(count_of(stats), 3U);
}

}  // namespace
}  // namespace fusescope

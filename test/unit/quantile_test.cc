// SPDX-License-Identifier: Apache-2.0
#include "agent/model/quantile.h"

#include <gtest/gtest.h>

#include "bpf_headers.h"

namespace fusescope {
namespace {

fusescope_io_stats calls(std::initializer_list<std::uint64_t> requests_of_each) {
  fusescope_io_stats stats{};
  for (const std::uint64_t requests : requests_of_each) stats.requests[requests_slot(requests)]++;
  return stats;
}

TEST(Quantile, IsNoneOfNothing) {
  EXPECT_EQ(requests_quantile({}, 0.99), std::nullopt);
  EXPECT_EQ(duration_quantile({}, 0.5), std::nullopt);
}

TEST(Quantile, IsTheBoundOfTheSlotThatHoldsTheValue) {
  EXPECT_EQ(requests_quantile(calls({3}), 0.5), Quantile{.bound = 4});
  EXPECT_EQ(requests_quantile(calls({4}), 0.5), Quantile{.bound = 4});
  EXPECT_EQ(requests_quantile(calls({5}), 0.5), Quantile{.bound = 8});
}

TEST(Quantile, CountsCallsWithoutARequest) {
  EXPECT_EQ(requests_quantile(calls({0, 0, 1}), 0.5), Quantile{.bound = 0});
  EXPECT_EQ(requests_quantile(calls({0, 1, 1}), 0.5), Quantile{.bound = 1});
}

TEST(Quantile, IsOfTheNearestRank) {
  EXPECT_EQ(requests_quantile(calls({1, 8}), 0.5), Quantile{.bound = 1});
  EXPECT_EQ(requests_quantile(calls({1, 8}), 0.51), Quantile{.bound = 8});
  EXPECT_EQ(requests_quantile(calls({1, 8}), 1), Quantile{.bound = 8});
  fusescope_io_stats stats{};
  stats.requests[1] = 99;
  stats.requests[4] = 1;
  EXPECT_EQ(requests_quantile(stats, 0.99), Quantile{.bound = 1});
  stats.requests[4] = 2;
  EXPECT_EQ(requests_quantile(stats, 0.99), Quantile{.bound = 8});
}

TEST(Quantile, IsMoreThanTheLastBound) {
  EXPECT_EQ(requests_quantile(calls({65536}), 0.5), Quantile{.bound = 65536});
  EXPECT_EQ(requests_quantile(calls({65537}), 0.5), (Quantile{.bound = 65536, .is_more = true}));
  fusescope_duration_stats durations{};
  durations.slots[FUSESCOPE_DURATION_SLOTS - 1] = 1;
  EXPECT_EQ(duration_quantile(durations, 0.5), (Quantile{.bound = 1U << 26, .is_more = true}));
}

TEST(Quantile, OfADurationIsInMicroseconds) {
  fusescope_duration_stats durations{};
  durations.slots[duration_slot(1'000'000)]++;
  EXPECT_EQ(duration_quantile(durations, 0.99), Quantile{.bound = 1024});
}

}  // namespace
}  // namespace fusescope

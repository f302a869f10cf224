// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>

#include "test/unit/bpf_headers.h"

namespace fusescope {
namespace {

constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint32_t kLastCount = FUSESCOPE_COUNT_SLOTS - 1;
constexpr std::uint32_t kLastRequests = FUSESCOPE_REQUESTS_SLOTS - 1;
constexpr std::uint32_t kLastDuration = FUSESCOPE_DURATION_SLOTS - 1;

// The smallest k with value <= 2^k, found by trying them all.
std::uint32_t ceil_log2(std::uint64_t value) {
  std::uint32_t exponent = 0;
  while (exponent < 64 && value > std::uint64_t{1} << exponent) exponent++;
  return exponent;
}

std::uint32_t expected_count_slot(std::uint64_t count) {
  return std::min(ceil_log2(count), kLastCount);
}

std::uint32_t expected_requests_slot(std::uint64_t requests) {
  return requests == 0 ? 0 : std::min(1 + ceil_log2(requests), kLastRequests);
}

// The slot of the smallest bound, in nanoseconds, that is not below the duration.
std::uint32_t expected_duration_slot(std::uint64_t nanoseconds) {
  std::uint32_t slot = 0;
  while (slot < kLastDuration && nanoseconds > std::uint64_t{1000} << slot) slot++;
  return slot;
}

// Random in its length too: as many small values as large ones.
std::uint64_t random_value(std::mt19937_64& random) { return random() >> random() % 64; }

TEST(Histogram, PutsACountIntoTheFirstSlotWhoseBoundItDoesNotExceed) {
  for (std::uint32_t exponent = 1; exponent <= 16; exponent++) {
    const std::uint64_t power = std::uint64_t{1} << exponent;
    EXPECT_EQ(count_slot(power), exponent) << power;
    EXPECT_EQ(count_slot(power + 1), exponent + 1) << power + 1;
    EXPECT_EQ(count_slot(power - 1), power == 2 ? 0 : exponent) << power - 1;
  }
}

TEST(Histogram, PutsCountsOfNoneAndOneIntoTheFirstSlot) {
  EXPECT_EQ(count_slot(0), 0U);
  EXPECT_EQ(count_slot(1), 0U);
  EXPECT_EQ(count_slot(2), 1U);
}

TEST(Histogram, KeepsLargeCountsInTheLastSlot) {
  EXPECT_EQ(count_slot(65536), kLastCount - 1);
  for (const std::uint64_t count :
       {std::uint64_t{65537}, std::uint64_t{1} << 17, (std::uint64_t{1} << 32) - 1,
        std::uint64_t{1} << 32, (std::uint64_t{1} << 32) + 1, (std::uint64_t{1} << 33) + 1,
        std::uint64_t{1} << 63, kLargest}) {
    EXPECT_EQ(count_slot(count), kLastCount) << count;
  }
}

TEST(Histogram, HasASlotOfItsOwnForCallsWithoutRequests) {
  EXPECT_EQ(requests_slot(0), 0U);
  EXPECT_EQ(requests_slot(1), 1U);
  EXPECT_EQ(requests_slot(2), 2U);
  EXPECT_EQ(requests_slot(3), 3U);
  EXPECT_EQ(requests_slot(256), 9U);
  EXPECT_EQ(requests_slot(257), 10U);
}

TEST(Histogram, KeepsLargeNumbersOfRequestsInTheLastSlot) {
  EXPECT_EQ(requests_slot(65536), kLastRequests - 1);
  EXPECT_EQ(requests_slot(65537), kLastRequests);
  EXPECT_EQ(requests_slot((std::uint64_t{1} << 32) + 1), kLastRequests);
  EXPECT_EQ(requests_slot(kLargest), kLastRequests);
}

TEST(Histogram, TakesDurationsUpToAndIncludingTheirBound) {
  EXPECT_EQ(duration_slot(0), 0U);
  EXPECT_EQ(duration_slot(1), 0U);
  EXPECT_EQ(duration_slot(999), 0U);
  EXPECT_EQ(duration_slot(1000), 0U);
  EXPECT_EQ(duration_slot(1001), 1U);
  EXPECT_EQ(duration_slot(2000), 1U);
  EXPECT_EQ(duration_slot(2001), 2U);
  for (std::uint32_t slot = 0; slot < kLastDuration; slot++) {
    const std::uint64_t bound = std::uint64_t{1000} << slot;
    EXPECT_EQ(duration_slot(bound), slot) << bound;
    EXPECT_EQ(duration_slot(bound + 1), slot + 1) << bound + 1;
  }
}

TEST(Histogram, KeepsDurationsAboveAMinuteInTheLastSlot) {
  const std::uint64_t last_bound = std::uint64_t{1000} << 26;  // 2^26 microseconds
  EXPECT_EQ(duration_slot(last_bound), kLastDuration - 1);
  EXPECT_EQ(duration_slot(last_bound + 1), kLastDuration);
  // 2^32 microseconds and more, which do not fit the 32 bits that the slot is searched in.
  EXPECT_EQ(duration_slot((std::uint64_t{1000} << 32) + 1), kLastDuration);
  EXPECT_EQ(duration_slot(std::uint64_t{1} << 63), kLastDuration);
}

TEST(Histogram, AgreesWithTheNaiveRuleOnEverySmallValue) {
  for (std::uint64_t value = 0; value <= 200'000; value++) {
    ASSERT_EQ(count_slot(value), expected_count_slot(value)) << value;
    ASSERT_EQ(requests_slot(value), expected_requests_slot(value)) << value;
    ASSERT_EQ(duration_slot(value), expected_duration_slot(value)) << value;
  }
}

TEST(Histogram, AgreesWithTheNaiveRuleOnRandomValues) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1'000'000; i++) {
    const std::uint64_t value = random_value(random);
    ASSERT_EQ(histogram_slot(value, 64), value > std::uint64_t{1} << 32 ? 64 : ceil_log2(value))
        << value;
    ASSERT_EQ(count_slot(value), expected_count_slot(value)) << value;
    ASSERT_EQ(requests_slot(value), expected_requests_slot(value)) << value;
    // The kernel's clock cannot come near 2^64 ns: 584 years.
    const std::uint64_t nanoseconds = std::min(value, kLargest - 999);
    ASSERT_EQ(duration_slot(nanoseconds), expected_duration_slot(nanoseconds)) << nanoseconds;
  }
}

}  // namespace
}  // namespace fusescope

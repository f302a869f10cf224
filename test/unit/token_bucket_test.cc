// SPDX-License-Identifier: Apache-2.0
#include "agent/web/token_bucket.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace fusescope {
namespace {

using namespace std::chrono_literals;

constexpr auto kNow = TokenBucket::Clock::time_point(1h);

TEST(BucketsByClient, AFloodOfClientsDoesNotForgiveTheWorst) {
  BucketsByClient buckets(1h, 5);
  buckets.of("worst", kNow).take(5, kNow);
  for (int i = 0; i < 10'000; ++i) buckets.of(std::to_string(i), kNow).take(1, kNow);
  EXPECT_EQ(buckets.of("worst", kNow).tokens(kNow), 0);
  EXPECT_EQ(buckets.of("9999", kNow).tokens(kNow), 4);
}

TEST(BucketsByClient, ForgetsAFewOfManyWhoTookTheSame) {
  BucketsByClient buckets(1h, 5);
  for (int i = 0; i < 1024; ++i) buckets.of(std::to_string(i), kNow).take(1, kNow);
  buckets.of("newcomer", kNow);
  int known = 0;
  for (int i = 1023; i >= 0; --i) known += buckets.of(std::to_string(i), kNow).missing(kNow) > 0;
  EXPECT_GT(known, 512);
}

}  // namespace
}  // namespace fusescope

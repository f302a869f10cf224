// SPDX-License-Identifier: Apache-2.0
#include "agent/export/held_answers.h"

#include <gtest/gtest.h>

#include <string>

namespace fusescope {
namespace {

std::string megabyte() { return std::string(1 << 20, 'x'); }

class HeldAnswersTest : public testing::Test {
 protected:
  HeldAnswers held_{4 << 20};
};

TEST_F(HeldAnswersTest, AreCountedUntilTheyAreReleased) {
  const auto one = held_.hold("a", megabyte());
  const auto two = held_.hold("a", "some");
  EXPECT_EQ(held_.bytes(), (1U << 20) + 4);
  EXPECT_EQ(one->body, megabyte());
  held_.release(one);
  EXPECT_EQ(held_.bytes(), 4U);
  held_.release(two);
  EXPECT_EQ(held_.bytes(), 0U);
}

TEST_F(HeldAnswersTest, OfTheClientWithTheMostGiveWayOldestFirst) {
  const auto first = held_.hold("scraper", megabyte());
  const auto second = held_.hold("greedy", megabyte());
  const auto third = held_.hold("greedy", megabyte());
  held_.hold("greedy", megabyte());
  EXPECT_EQ(held_.given_up(), 0U);
  held_.hold("other", megabyte());
  EXPECT_EQ(held_.given_up(), 1U);
  EXPECT_TRUE(second->is_given_up);
  EXPECT_TRUE(second->body.empty());
  EXPECT_FALSE(first->is_given_up);
  EXPECT_FALSE(third->is_given_up);
  held_.release(second);
  EXPECT_EQ(held_.bytes(), 4U << 20);
}

TEST_F(HeldAnswersTest, MayBeOneThatIsLargerThanTheLimit) {
  const auto small = held_.hold("a", megabyte());
  const auto large = held_.hold("b", std::string(9 << 20, 'x'));
  EXPECT_TRUE(small->is_given_up);
  EXPECT_FALSE(large->is_given_up);
  EXPECT_EQ(held_.bytes(), 9U << 20);
  held_.hold("c", "x");
  EXPECT_TRUE(large->is_given_up);
  EXPECT_EQ(held_.bytes(), 1U);
}

TEST_F(HeldAnswersTest, NeverHoldMoreThanTheLimit) {
  for (int i = 0; i < 256; i++) {
    held_.hold(std::to_string(i % 4), megabyte());
    EXPECT_LE(held_.bytes(), 4U << 20);
  }
  EXPECT_EQ(held_.given_up(), 252U);
}

}  // namespace
}  // namespace fusescope

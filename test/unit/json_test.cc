// SPDX-License-Identifier: Apache-2.0
#include "agent/text/json.h"

#include <gtest/gtest.h>

#include <map>

#include "agent/model/judgement.h"

namespace fusescope {
namespace {

TEST(Json, OfWhatIsNotKnownIsNull) {
  EXPECT_EQ(text_or_null(""), nullptr);
  EXPECT_EQ(value_or_null(std::optional<int>()), nullptr);
  EXPECT_EQ(name_or_null(std::optional<fusescope_cause>()), nullptr);
  EXPECT_EQ(ratio_or_null(3, 0), nullptr);
  EXPECT_EQ(bound_or_null(std::nullopt), nullptr);
  EXPECT_EQ(seconds_or_null(std::nullopt), nullptr);
}

TEST(Json, OfWhatIsKnown) {
  EXPECT_EQ(text_or_null("a\xff"), "a\\xff");
  EXPECT_EQ(value_or_null(std::optional(0)), 0);
  EXPECT_EQ(name_or_null(std::optional(FUSESCOPE_CAUSE_MAX_PAGES)), "max_pages");
  EXPECT_EQ(name_or_null(std::optional(IoVerdict::broken)), "broken");
  EXPECT_EQ(ratio_or_null(3, std::uint64_t{2}), 1.5);
  EXPECT_EQ(seconds_of(1'500'000'000), 1.5);
}

TEST(Json, HasNoBoundAboveTheLastOne) {
  EXPECT_EQ(bound_or_null(Quantile{.bound = 512}), 512);
  EXPECT_EQ(bound_or_null(Quantile{.bound = 512, .is_more = true}), nullptr);
  EXPECT_EQ(seconds_or_null(Quantile{.bound = 512}), 0.000512);
  EXPECT_EQ(seconds_or_null(Quantile{.bound = 512, .is_more = true}), nullptr);
}

TEST(Json, ArraysAndObjectsAreThereAlsoIfEmpty) {
  const auto twice = [](int value) { return 2 * value; };
  EXPECT_EQ(array_of(std::vector{1, 2}, twice).dump(), "[2,4]");
  EXPECT_EQ(array_of(std::vector<int>{}, twice).dump(), "[]");
  EXPECT_EQ(object_of(std::map<std::string, int>{{"a", 1}}).dump(), R"({"a":1})");
  EXPECT_EQ(object_of(std::map<std::string, int>{}).dump(), "{}");
}

TEST(JsonLine, HasNoControlCharacterButItsEnd) {
  EXPECT_EQ(json_line({{"a", "\x1b\n"}}), "{\"a\":\"\\u001b\\n\"}\n");
  EXPECT_EQ(json_line({{"a", "\xc2\x9b"}}), "{\"a\":\"\\u009b\"}\n");
}

}  // namespace
}  // namespace fusescope

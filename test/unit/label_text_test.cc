// SPDX-License-Identifier: Apache-2.0
#include "agent/model/label_text.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

namespace fusescope {
namespace {

using namespace std::string_view_literals;

struct Case {
  const char* name;
  std::string_view bytes;
  std::string_view label;
};

void PrintTo(const Case& row, std::ostream* out) { *out << row.name; }

constexpr Case kCases[] = {
    {"empty", "", ""},
    {"ascii", "/mnt/data 1", "/mnt/data 1"},
    {"quote_backslash_and_newline_are_left_alone", "a\"\\\n\x7f", "a\"\\\n\x7f"},
    {"two_bytes", "caf\xc3\xa9", "caf\xc3\xa9"},
    {"three_bytes", "\xe2\x82\xac", "\xe2\x82\xac"},
    {"four_bytes", "\xf0\x9f\x92\xbe", "\xf0\x9f\x92\xbe"},
    {"smallest_of_each_length", "\x01\xc2\x80\xe0\xa0\x80\xf0\x90\x80\x80",
     "\x01\xc2\x80\xe0\xa0\x80\xf0\x90\x80\x80"},
    {"largest_code_point", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
    {"around_the_surrogates", "\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80"},
    {"nul", "a\0b"sv, "a\\x00b"},
    {"latin_1", "caf\xe9/x", "caf\\xe9/x"},
    {"stray_continuation", "\x80\xbf", "\\x80\\xbf"},
    {"overlong_two", "\xc0\xaf\xc1\xbf", "\\xc0\\xaf\\xc1\\xbf"},
    {"overlong_three", "\xe0\x9f\xbf", "\\xe0\\x9f\\xbf"},
    {"overlong_four", "\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf"},
    {"surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80"},
    {"above_the_last_code_point", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
    {"five_byte_form", "\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
    {"never_a_first_byte", "\xfe\xff", "\\xfe\\xff"},
    {"cut_off_at_the_end", "a\xe2\x82", "a\\xe2\\x82"},
    {"cut_off_by_ascii", "\xf0\x9f\x92z", "\\xf0\\x9f\\x92z"},
    {"cut_off_by_a_valid_character", "\xe2\x82\xc3\xa9", "\\xe2\\x82\xc3\xa9"},
};

class LabelText : public testing::TestWithParam<Case> {};

TEST_P(LabelText, KeepsUtf8AndEscapesTheRest) {
  EXPECT_EQ(to_label(GetParam().bytes), GetParam().label);
}

INSTANTIATE_TEST_SUITE_P(All, LabelText, testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(LabelTextOfEveryPair, IsValidAndStable) {
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      const std::string bytes{static_cast<char>(first), static_cast<char>(second)};
      const std::string label = to_label(bytes);
      EXPECT_EQ(to_label(label), label) << first << " " << second;
      EXPECT_GE(label.size(), bytes.size());
    }
  }
}

}  // namespace
}  // namespace fusescope

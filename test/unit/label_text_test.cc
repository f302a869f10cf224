// SPDX-License-Identifier: Apache-2.0
#include "agent/model/label_text.h"

#include <gtest/gtest.h>

#include <ostream>
#include <set>
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
    {"quote_and_backslash_are_left_alone", "a\"\\'", "a\"\\'"},
    {"c0_and_del", "\x1b[2J\n\t\x01\x1f\x7f~", "\\x1b[2J\\x0a\\x09\\x01\\x1f\\x7f~"},
    {"c1", "\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f\xc2\xa0"},
    {"separators", "\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9",
     "\xe2\x80\xa7\\xe2\\x80\\xa8\\xe2\\x80\\xa9"},
    {"direction", "\xe2\x80\xaa\xe2\x80\xae\xe2\x80\xaf",
     "\\xe2\\x80\\xaa\\xe2\\x80\\xae\xe2\x80\xaf"},
    {"isolates", "\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa",
     "\xe2\x81\xa5\\xe2\\x81\\xa6\\xe2\\x81\\xa9\xe2\x81\xaa"},
    {"direction_marks", "\xd8\x9c\xe2\x80\x8d\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\x90",
     "\\xd8\\x9c\xe2\x80\x8d\\xe2\\x80\\x8e\\xe2\\x80\\x8f\xe2\x80\x90"},
    {"two_bytes", "caf\xc3\xa9", "caf\xc3\xa9"},
    {"three_bytes", "\xe2\x82\xac", "\xe2\x82\xac"},
    {"four_bytes", "\xf0\x9f\x92\xbe", "\xf0\x9f\x92\xbe"},
    {"smallest_of_each_length", " \xc2\xa0\xe0\xa0\x80\xf0\x90\x80\x80",
     " \xc2\xa0\xe0\xa0\x80\xf0\x90\x80\x80"},
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
  EXPECT_EQ(printable(GetParam().bytes), GetParam().label);
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

std::string repeated(std::string_view bytes, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += bytes;
  return all;
}

// What stands before "..." and the hash.
std::string kept_of(const std::string& label) {
  EXPECT_EQ(label.substr(label.size() - 19, 3), "...");
  EXPECT_EQ(label.find_first_not_of("0123456789abcdef", label.size() - 16), std::string::npos);
  return label.substr(0, label.size() - 19);
}

TEST(LongLabels, BeginAtOneByteMoreThanALabelHas) {
  const std::string longest(256, 'a');
  EXPECT_EQ(to_label(longest), longest);
  EXPECT_EQ(to_label(longest + "a"), std::string(237, 'a') + "...70a8dc6fbe487b8c");
  EXPECT_EQ(to_label(repeated("\xff", 64)), repeated("\\xff", 64)) << "the text counts";
  EXPECT_NE(to_label(repeated("\xff", 65)), repeated("\\xff", 65));
  EXPECT_EQ(printable(longest + "a"), longest + "a");
}

TEST(LongLabels, AreCutBetweenCharactersAndEscapes) {
  for (const std::string_view piece : {"\xff"sv, "\xc3\xa9"sv, "\xe2\x82\xac"sv,
                                       "\xf0\x9f\x92\xbe"sv, "\xe2\x80\xae"sv, "\xc2\x9b"sv}) {
    for (std::size_t shift = 0; shift < 12; ++shift) {
      const std::string label = to_label(std::string(shift, 'a') + repeated(piece, 1000));
      EXPECT_LE(label.size(), kLabelBytes);
      EXPECT_GT(label.size(), kLabelBytes - printable(piece).size());
      const std::string kept = kept_of(label).substr(shift);
      EXPECT_EQ(kept, repeated(printable(piece), kept.size() / printable(piece).size()));
    }
  }
}

TEST(LongLabels, DifferWhereverTheirNamesDiffer) {
  const std::string name(3800, '\xff');
  std::set<std::string> labels = {to_label(name), to_label(name + "\xff")};
  for (std::size_t i = 0; i < name.size(); ++i) {
    std::string other = name;
    other[i] = '\xfe';
    labels.insert(to_label(other));
  }
  EXPECT_EQ(labels.size(), name.size() + 2);
}

TEST(LongLabels, AreTheirOwnLabels) {
  const std::string label = to_label(std::string(3800, '\xff'));
  EXPECT_EQ(to_label(label), label);
}

TEST(LongLabels, KeepTheirEnd) {
  const std::string end = " (mnt:4026532567)";
  EXPECT_EQ(to_label("/data", end), "/data" + end);
  const std::string label = to_label(std::string(3800, 'a'), end);
  EXPECT_EQ(label.size(), kLabelBytes);
  EXPECT_TRUE(label.ends_with(end));
  EXPECT_EQ(to_label(label), label);
}

TEST(Utf8, KeepsControlCharacters) {
  EXPECT_EQ(to_utf8("\x1b\n\xc2\x9b\xe2\x80\xae\x9b\xff"), "\x1b\n\xc2\x9b\xe2\x80\xae\\x9b\\xff");
}

TEST(EscapedJson, HasNoControlCharacter) {
  EXPECT_EQ(escaped_json("{\"a\":\"\xc2\x9b\x7f\xe2\x80\xa8\xe2\x81\xa6\xc3\xa9\"}"),
            "{\"a\":\"\\u009b\\u007f\\u2028\\u2066\xc3\xa9\"}");
}

}  // namespace
}  // namespace fusescope

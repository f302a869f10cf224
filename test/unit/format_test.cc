// SPDX-License-Identifier: Apache-2.0
#include "agent/text/format.h"

#include <gtest/gtest.h>

namespace fusescope {
namespace {

constexpr const char* kName = "a\xc3\xbc\xe2\x82\xac\xf0\x9d\x84\x9e";  // of 1, 2, 3 and 4 bytes

TEST(Format, TellsThatThereIsNothing) {
  EXPECT_EQ(or_none(""), "-");
  EXPECT_EQ(or_none("a"), "a");
}

TEST(Format, NamesWhatWasCounted) {
  EXPECT_EQ(counts_text({}), "");
  EXPECT_EQ(counts_text({{"ring_full", 3}, {"missed", 1}}), "3 ring_full, 1 missed");
}

TEST(Formatted, IsOfAnyLength) {
  const std::string word(1000, 'x');
  EXPECT_EQ(formatted("%d %s", 7, word.c_str()), "7 " + word);
  EXPECT_EQ(formatted("%s", ""), "");
}

TEST(Fixed, RoundsToItsDigits) {
  EXPECT_EQ(fixed(1.25, 0), "1");
  EXPECT_EQ(fixed(1.26, 1), "1.3");
  EXPECT_EQ(fixed(2, 2), "2.00");
}

TEST(Width, CountsCharactersNotBytes) {
  EXPECT_EQ(width_of(""), 0);
  EXPECT_EQ(width_of("abc"), 3);
  EXPECT_EQ(width_of(kName), 4);
}

TEST(Columns, AreNeverAPartOfACharacter) {
  EXPECT_EQ(first_columns(kName, 0), "");
  EXPECT_EQ(first_columns(kName, 2), "a\xc3\xbc");
  EXPECT_EQ(first_columns(kName, 4), kName);
  EXPECT_EQ(first_columns(kName, 9), kName);
  EXPECT_EQ(last_columns(kName, 0), "");
  EXPECT_EQ(last_columns(kName, 2), "\xe2\x82\xac\xf0\x9d\x84\x9e");
  EXPECT_EQ(last_columns(kName, 4), kName);
  EXPECT_EQ(last_columns(kName, 9), kName);
}

TEST(Padded, FillsWhatIsLeftOfItsColumns) {
  EXPECT_EQ(padded("\xc3\xbc", 3), "\xc3\xbc  ");
  EXPECT_EQ(padded("\xc3\xbc", 3, Align::right), "  \xc3\xbc");
  EXPECT_EQ(padded("long", 4), "long");
  EXPECT_EQ(padded("longer", 4, Align::right), "longer") << "nothing is cut";
}

}  // namespace
}  // namespace fusescope

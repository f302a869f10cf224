// SPDX-License-Identifier: Apache-2.0
#include "agent/text/table.h"

#include <gtest/gtest.h>

namespace fusescope {
namespace {

std::string table_of(const std::vector<std::vector<std::string>>& rows) {
  Table table;
  for (const auto& row : rows) table.add(row);
  return table.text();
}

TEST(Tables, HaveTheirColumnsUnderEachOther) {
  EXPECT_EQ(table_of({{"A", "LONG", "C"}, {"longer", "b", "c"}}),
            "  A       LONG  C\n"
            "  longer  b     c\n");
}

TEST(Tables, CountCharactersNotBytes) {
  EXPECT_EQ(table_of({{"ü", "x"}, {"uu", "x"}}), "  ü   x\n  uu  x\n");
}

TEST(Tables, HaveNumbersAtTheRightOfTheirColumn) {
  Table table({Align::left, Align::right});
  table.add({"A", "LONG", "C"});
  table.add({"\xc3\xbc", "1", "c"});
  EXPECT_EQ(table.text(), "  A  LONG  C\n  \xc3\xbc     1  c\n");
}

TEST(Tables, HaveNoBlanksAtTheEndOfALine) {
  EXPECT_EQ(table_of({{"a", "long"}, {"b", ""}, {""}}), "  a  long\n  b\n\n");
}

TEST(Tables, MayHaveRowsOfDifferentLength) {
  EXPECT_EQ(table_of({{"a"}, {"b", "c"}, {}}), "  a\n  b  c\n\n");
}

TEST(Tables, MayBeEmpty) {
  EXPECT_TRUE(Table().empty());
  EXPECT_EQ(Table().text(), "");
}

TEST(Wrapped, IsOneLineIfItFits) {
  EXPECT_EQ(wrapped("(1) ", "one two", {.width = 11, .indent = 4}), "(1) one two");
}

TEST(Wrapped, BreaksBetweenWords) {
  EXPECT_EQ(wrapped("(1) ", "one two three", {.width = 11, .indent = 4}), "(1) one two\n    three");
}

TEST(Wrapped, SaysThatSomethingIsLeftOut) {
  EXPECT_EQ(wrapped("", "one two three four", {.width = 9, .indent = 0, .lines = 2}),
            "one two\nthree ...");
  EXPECT_EQ(wrapped("", "one two three four", {.width = 7, .indent = 0, .lines = 1}), "one ...");
}

TEST(Wrapped, DoesNotBreakAWord) {
  EXPECT_EQ(wrapped("", "aaaaaaaaaaaa b", {.width = 4, .indent = 0}), "aaaaaaaaaaaa\nb");
}

TEST(Wrapped, MayBeNothing) { EXPECT_EQ(wrapped("(1) ", "", {}), "(1) "); }

}  // namespace
}  // namespace fusescope

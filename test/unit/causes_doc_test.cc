// SPDX-License-Identifier: Apache-2.0
// docs/causes.md has a section for each cause, and for nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "agent/model/names.h"

namespace fusescope {
namespace {

constexpr const char* kPage = FUSESCOPE_GOLDEN_DIRECTORY "/../../../docs/causes.md";

struct Section {
  std::string heading;
  std::size_t characters = 0;  // of the text below it
};

std::vector<Section> sections() {
  std::vector<Section> found;
  std::ifstream file(kPage);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("## ")) {
      found.push_back({.heading = line.substr(3), .characters = 0});
    } else if (!found.empty()) {
      found.back().characters += line.size();
    }
  }
  return found;
}

TEST(CausesDoc, EachCauseHasOneSectionOfItsOwn) {
  std::vector<std::string> headings;
  for (const Section& section : sections()) headings.push_back(section.heading);
  std::vector<std::string> names;
  for (int i = 0; i < FUSESCOPE_CAUSES; i++) {
    names.emplace_back(name_of(static_cast<fusescope_cause>(i)));
  }
  std::ranges::sort(headings);
  std::ranges::sort(names);
  EXPECT_EQ(headings, names);
}

TEST(CausesDoc, EachSectionSaysSomething) {
  for (const Section& section : sections()) EXPECT_GT(section.characters, 100U) << section.heading;
}

}  // namespace
}  // namespace fusescope

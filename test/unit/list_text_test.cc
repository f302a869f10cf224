// SPDX-License-Identifier: Apache-2.0
#include "agent/base/list_text.h"

#include <gtest/gtest.h>

namespace fusescope {
namespace {

TEST(Lists, HaveTheSeparatorBetweenItemsAlone) {
  std::string list;
  add_to_list(list, "one");
  EXPECT_EQ(list, "one");
  add_to_list(list, "two");
  add_to_list(list, "three", "; or ");
  EXPECT_EQ(list, "one, two; or three");
}

}  // namespace
}  // namespace fusescope

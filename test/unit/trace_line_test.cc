// SPDX-License-Identifier: Apache-2.0
#include "agent/text/trace_line.h"

#include <gtest/gtest.h>

namespace fusescope {
namespace {

constexpr std::uint16_t kLookup = 1;  // include/uapi/linux/fuse.h
constexpr std::uint16_t kRead = 15;
constexpr std::uint16_t kWrite = 16;

TEST(TraceLine, HasAModeWhereItCarriesData) {
  fusescope_trace_event event{};
  event.mode = FUSESCOPE_BUFFERED;
  for (const auto opcode : {kRead, kWrite}) {
    event.opcode = opcode;
    EXPECT_TRUE(is_data(event));
    EXPECT_EQ(mode_of(event), FUSESCOPE_BUFFERED);
  }
  event.opcode = kLookup;
  EXPECT_FALSE(is_data(event));
  EXPECT_EQ(mode_of(event), std::nullopt);
}

TEST(TraceLine, HasACauseIfOfSeveralRequests) {
  fusescope_trace_event event{};
  event.cause = FUSESCOPE_CAUSE_MAX_READ;
  event.requests = 1;
  EXPECT_EQ(cause_of(event), std::nullopt);
  event.requests = 2;
  EXPECT_EQ(cause_of(event), FUSESCOPE_CAUSE_MAX_READ);
}

TEST(TraceLine, HasAnOffsetIfKnown) {
  fusescope_trace_event event{};
  EXPECT_EQ(offset_of(event), 0);
  event.offset = FUSESCOPE_OFFSET_UNKNOWN;
  EXPECT_EQ(offset_of(event), std::nullopt);
}

}  // namespace
}  // namespace fusescope

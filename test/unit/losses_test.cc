// SPDX-License-Identifier: Apache-2.0
#include "agent/model/losses.h"

#include <gtest/gtest.h>

namespace fusescope {
namespace {

SelfSnapshot begun_earlier() {
  SelfSnapshot self;
  self.stats.lost[FUSESCOPE_LOST_UNMATCHED_END] = 11;
  self.stats.lost[FUSESCOPE_LOST_CALL_BEGINNING] = 5;
  self.programs = {{.name = "sent", .runs = 10}};
  return self;
}

TEST(Losses, WhatBeganBeforeTheAgentIsNone) {
  SelfSnapshot self = begun_earlier();
  EXPECT_EQ(events_before_begin(self), 16);
  EXPECT_TRUE(losses_since_begin(self).empty());
  EXPECT_EQ(losses_of(self), (Losses{{"call_beginning", 5}, {"unmatched_end", 11}}));
  self.stats.lost[FUSESCOPE_LOST_DURATION_ROWS] = 3;
  EXPECT_EQ(events_before_begin(self), 16);
  EXPECT_EQ(losses_since_begin(self), (Losses{{"duration_rows", 3}}));
}

TEST(Losses, AllAreLossesAsSoonAsSomethingElseLeavesSuchTraces) {
  for (const fusescope_lost reason :
       {FUSESCOPE_LOST_INFLIGHT_FULL, FUSESCOPE_LOST_CALLS_FULL, FUSESCOPE_LOST_GUARD_BUSY}) {
    SelfSnapshot self = begun_earlier();
    self.stats.lost[reason] = 1;
    EXPECT_EQ(events_before_begin(self), 0);
    EXPECT_EQ(losses_since_begin(self), losses_of(self));
  }
  SelfSnapshot skipped = begun_earlier();
  skipped.programs.push_back({.name = "ended", .runs = 10, .run_nanoseconds = 0, .missed = 2});
  EXPECT_EQ(events_before_begin(skipped), 0);
  EXPECT_EQ(losses_since_begin(skipped).back(), (Losses::value_type{"recursion", 2}));
}

TEST(Losses, NothingIsNone) {
  EXPECT_EQ(events_before_begin({}), 0);
  EXPECT_TRUE(losses_since_begin({}).empty());
}

}  // namespace
}  // namespace fusescope

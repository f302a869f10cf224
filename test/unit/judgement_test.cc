// SPDX-License-Identifier: Apache-2.0
#include "agent/model/judgement.h"

#include <gtest/gtest.h>

#include "test/unit/judged_mount.h"

namespace fusescope {
namespace {

Judgement judged(const MountSnapshot& mount, const HostLimits& host = default_host()) {
  return worst(judge(mount, host));
}

TEST(Judgement, NoCallIsIdle) {
  EXPECT_TRUE(judge(judged_mount(32), default_host()).empty());
  EXPECT_EQ(judged(judged_mount(32)).verdict, IoVerdict::idle);
}

TEST(Judgement, CallsWithoutARequestAreIdleToo) {
  MountSnapshot mount = judged_mount(32);
  mount.counters.data.ops[FUSESCOPE_READ].io[FUSESCOPE_BUFFERED].requests[0] = 5;
  const Judgement found = judged(mount);
  EXPECT_EQ(found.verdict, IoVerdict::idle);
  EXPECT_EQ(found.calls, 5U);
  EXPECT_EQ(found.requests, 0U);
}

TEST(Judgement, OneRequestACallIsOk) {
  MountSnapshot mount = judged_mount(32);
  mount.counters.data.ops[FUSESCOPE_READ].io[FUSESCOPE_DIRECT].requests[1] = 9;
  const Judgement found = judged(mount);
  EXPECT_EQ(found.verdict, IoVerdict::ok);
  EXPECT_EQ(found.requests, 9U);
  EXPECT_FALSE(found.cause);
  EXPECT_EQ(found.remedy, "");
}

TEST(Judgement, ALimitThatCanBeRaisedIsLimited) {
  MountSnapshot mount = judged_mount(32);
  add_split(mount, FUSESCOPE_READ, FUSESCOPE_DIRECT, FUSESCOPE_CAUSE_MAX_PAGES, 8);
  const Judgement found = judged(mount);
  EXPECT_EQ(found.verdict, IoVerdict::limited);
  EXPECT_EQ(found.cause, FUSESCOPE_CAUSE_MAX_PAGES);
  EXPECT_EQ(found.requests, 8U);
  EXPECT_EQ(found.split_calls, 1U);
  EXPECT_NE(found.remedy.find("max_pages=256"), std::string::npos);
}

TEST(Judgement, AsManyRequestsAsAreNeededAreOk) {
  MountSnapshot mount = judged_mount(256);
  add_split(mount, FUSESCOPE_READ, FUSESCOPE_DIRECT, FUSESCOPE_CAUSE_MAX_PAGES, 4, 4);
  const Judgement found = judged(mount);
  EXPECT_EQ(found.verdict, IoVerdict::ok);
  EXPECT_EQ(found.minimum, 4U);
  EXPECT_EQ(found.excess, 0U);
  EXPECT_EQ(found.split_calls, 1U);
  EXPECT_FALSE(found.cause);
  EXPECT_EQ(found.remedy, "");
  EXPECT_EQ(remedy_of(found, FUSESCOPE_CAUSE_MAX_PAGES, mount, default_host()), "");
}

// The connection keeps what it negotiated when the host allows more.
TEST(Judgement, OneRequestMoreThanNeededIsLimited) {
  MountSnapshot mount = judged_mount(256);
  add_split(mount, FUSESCOPE_READ, FUSESCOPE_DIRECT, FUSESCOPE_CAUSE_MAX_PAGES, 4, 3);
  const HostLimits host = {.max_pages_limit = 1024};
  EXPECT_EQ(judged(mount, host).verdict, IoVerdict::limited);
  EXPECT_EQ(judged(mount, host).excess, 1U);
  EXPECT_EQ(judged(mount, host).cause, FUSESCOPE_CAUSE_MAX_PAGES);
  EXPECT_NE(judged(mount, host).remedy, "");
}

TEST(Judgement, WhatCanBeMendedComesBeforeTheHostsMaximum) {
  MountSnapshot mount = judged_mount(256);
  add_split(mount, FUSESCOPE_READ, FUSESCOPE_DIRECT, FUSESCOPE_CAUSE_MAX_PAGES, 40, 40);
  add_split(mount, FUSESCOPE_READ, FUSESCOPE_DIRECT, FUSESCOPE_CAUSE_PAGE_SLOTS, 2);
  const Judgement found = judged(mount);
  EXPECT_EQ(found.verdict, IoVerdict::limited);
  EXPECT_EQ(found.cause, FUSESCOPE_CAUSE_PAGE_SLOTS);
  EXPECT_EQ(remedy_of(found, FUSESCOPE_CAUSE_PAGE_SLOTS, mount, default_host()), found.remedy);
  EXPECT_EQ(remedy_of(found, FUSESCOPE_CAUSE_MAX_PAGES, mount, default_host()), "");
}

TEST(Judgement, UnmergedIsBrokenWhateverElseThereIs) {
  MountSnapshot mount = judged_mount(32);
  add_split(mount, FUSESCOPE_WRITE, FUSESCOPE_DIRECT, FUSESCOPE_CAUSE_MAX_PAGES, 4000);
  add_split(mount, FUSESCOPE_WRITE, FUSESCOPE_DIRECT, FUSESCOPE_CAUSE_UNMERGED, 2);
  EXPECT_EQ(judged(mount).verdict, IoVerdict::broken);
  EXPECT_EQ(judged(mount).cause, FUSESCOPE_CAUSE_UNMERGED);
}

TEST(Judgement, OfEqualVerdictsThatOfMostExcessIsTold) {
  MountSnapshot mount = judged_mount(32);
  add_split(mount, FUSESCOPE_READ, FUSESCOPE_DIRECT, FUSESCOPE_CAUSE_MAX_PAGES, 800, 798);
  add_split(mount, FUSESCOPE_WRITE, FUSESCOPE_DIRECT, FUSESCOPE_CAUSE_MAX_PAGES, 8);
  EXPECT_EQ(judged(mount).op, FUSESCOPE_WRITE);
}

TEST(Judgement, TheWorstOfSeveralIsTold) {
  MountSnapshot mount = judged_mount(32);
  mount.counters.data.ops[FUSESCOPE_READ].io[FUSESCOPE_DIRECT].requests[1] = 9;
  add_split(mount, FUSESCOPE_READ, FUSESCOPE_BUFFERED, FUSESCOPE_CAUSE_READAHEAD_WINDOW, 9);
  add_split(mount, FUSESCOPE_WRITE, FUSESCOPE_BUFFERED, FUSESCOPE_CAUSE_PARTIAL_PAGE, 2);
  EXPECT_EQ(judge(mount, default_host()).size(), 3U);
  EXPECT_EQ(judged(mount).cause, FUSESCOPE_CAUSE_READAHEAD_WINDOW);
  EXPECT_EQ(judged(mount).mode, FUSESCOPE_BUFFERED);
}

TEST(Judgement, WithoutLimitsTheCauseIsStillTold) {
  MountSnapshot mount = judged_mount(32);
  mount.limits.reset();
  add_split(mount, FUSESCOPE_READ, FUSESCOPE_DIRECT, FUSESCOPE_CAUSE_MAX_READ, 8);
  EXPECT_EQ(judged(mount).verdict, IoVerdict::limited);
  EXPECT_NE(judged(mount).remedy.find("max_read="), std::string::npos);
}

TEST(Judgement, VerdictsHaveNames) {
  EXPECT_STREQ(name_of(IoVerdict::idle), "idle");
  EXPECT_STREQ(name_of(IoVerdict::ok), "ok");
  EXPECT_STREQ(name_of(IoVerdict::limited), "limited");
  EXPECT_STREQ(name_of(IoVerdict::broken), "broken");
}

}  // namespace
}  // namespace fusescope

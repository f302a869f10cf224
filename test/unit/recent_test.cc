// SPDX-License-Identifier: Apache-2.0
#include "agent/model/recent.h"

#include <gtest/gtest.h>

#include "test/unit/judged_mount.h"

namespace fusescope {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Snapshot snapshot_of(std::uint64_t calls) {
  Snapshot snapshot;
  MountSnapshot& mount = snapshot.mounts.emplace_back(judged_mount(32));
  mount.counters.data.ops[FUSESCOPE_READ].io[FUSESCOPE_DIRECT].requests[1] = calls;
  return snapshot;
}

std::uint64_t calls_of(const Recent::Window& window) {
  return window.counters.data.ops[FUSESCOPE_READ].io[FUSESCOPE_DIRECT].requests[1];
}

std::optional<Recent::Window> newest_window(const Recent& recent) {
  return recent.window_of(recent.newest().snapshot.mounts.front());
}

TEST(Recent, IsDueOnceASecond) {
  Recent recent;
  const Recent::Clock::time_point now{};
  EXPECT_TRUE(recent.is_due(now));
  recent.add(now, {});
  EXPECT_FALSE(recent.is_due(now + milliseconds(999)));
  EXPECT_TRUE(recent.is_due(now + seconds(1)));
}

TEST(Recent, ComparesWithTheOldestOfTenSeconds) {
  Recent recent;
  Recent::Clock::time_point now{};
  for (std::uint64_t i = 0; i < 100; i++) recent.add(now += seconds(1), snapshot_of(i));
  EXPECT_EQ(recent.seconds(), 10);
  const auto window = newest_window(recent);
  ASSERT_TRUE(window);
  EXPECT_EQ(window->seconds, 10);
  EXPECT_EQ(calls_of(*window), 10);
}

TEST(Recent, HasNoWindowWithoutAnEarlierSnapshot) {
  Recent recent;
  recent.add({}, snapshot_of(7));
  EXPECT_FALSE(recent.seconds());
  EXPECT_FALSE(newest_window(recent));
  recent.add(Recent::Clock::time_point(seconds(11)), snapshot_of(8));
  EXPECT_FALSE(newest_window(recent)) << "what is older than the window is forgotten";
}

TEST(Recent, ComparesWithOneOfBeforeTheWindowForWhoLooksLessOften) {
  Recent recent(Recent::Oldest::before_window);
  Recent::Clock::time_point now{};
  EXPECT_FALSE(recent.window_of(judged_mount(32))) << "there is none at all";
  for (std::uint64_t i = 0; i < 10; i++) recent.add(now += seconds(60), snapshot_of(i));
  EXPECT_EQ(newest_window(recent)->seconds, 60);
  EXPECT_EQ(calls_of(*newest_window(recent)), 1);
  for (std::uint64_t i = 10; i < 100; i++) recent.add(now += seconds(1), snapshot_of(i));
  EXPECT_EQ(newest_window(recent)->seconds, 10) << "the newest of before";
  recent.add(now += seconds(4), snapshot_of(100));
  EXPECT_EQ(newest_window(recent)->seconds, 10);
}

TEST(Recent, LooksForTheOldestThatHasTheMount) {
  Recent recent;
  recent.add(Recent::Clock::time_point(seconds(1)), {});
  recent.add(Recent::Clock::time_point(seconds(3)), snapshot_of(500));
  EXPECT_FALSE(newest_window(recent)) << "it came back with what was counted before";
  recent.add(Recent::Clock::time_point(seconds(5)), snapshot_of(503));
  const auto window = newest_window(recent);
  ASSERT_TRUE(window);
  EXPECT_EQ(window->seconds, 2);
  EXPECT_EQ(calls_of(*window), 3);
}

TEST(Recent, DoesNotCompareCountersThatWentDown) {
  Recent recent;
  recent.add(Recent::Clock::time_point(seconds(1)), snapshot_of(500));
  recent.add(Recent::Clock::time_point(seconds(3)), snapshot_of(20));
  EXPECT_FALSE(newest_window(recent));
  recent.add(Recent::Clock::time_point(seconds(5)), snapshot_of(21));
  EXPECT_EQ(calls_of(newest_window(recent).value()), 1);
}

}  // namespace
}  // namespace fusescope

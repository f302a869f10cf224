// SPDX-License-Identifier: Apache-2.0
#include "agent/model/snapshot.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace fusescope {
namespace {

// The most requests of a call are no counter.
template <class Stats>
void clear_maxima(Stats& stats) {
  if constexpr (requires { stats.ops; }) {
    for (auto& op : stats.ops) {
      for (auto& io : op.io) io.most_requests = 0;
    }
  }
}

// Statistics in which every counter has a value of its own.
template <class Stats>
Stats numbered(std::uint64_t factor) {
  std::uint64_t counters[sizeof(Stats) / sizeof(std::uint64_t)];
  for (std::size_t i = 0; i < std::size(counters); i++) counters[i] = (i + 1) * factor;
  Stats stats;
  static_assert(sizeof(stats) == sizeof(counters));
  std::memcpy(&stats, counters, sizeof(stats));
  clear_maxima(stats);
  return stats;
}

template <class Stats>
bool is_numbered(const Stats& stats, std::uint64_t factor) {
  const auto expected = numbered<Stats>(factor);
  return std::memcmp(&stats, &expected, sizeof(stats)) == 0;
}

Counters counters(std::uint64_t factor, const std::vector<std::uint32_t>& opcodes) {
  Counters made{.data = numbered<fusescope_mount_stats>(factor), .durations = {}};
  for (const std::uint32_t opcode : opcodes) {
    made.durations[opcode] = numbered<fusescope_duration_stats>(factor);
  }
  return made;
}

MountSnapshot mount(std::string mountpoint, std::string fstype) {
  MountSnapshot made;
  made.identity = {.mountpoint = std::move(mountpoint),
                   .fstype = std::move(fstype),
                   .source = "source",
                   .device = 1};
  return made;
}

std::vector<std::string> labels_of(const std::vector<MountSnapshot>& mounts) {
  std::vector<std::string> labels;
  for (const MountSnapshot& each : mounts) {
    labels.push_back(each.identity.mountpoint + " " + each.identity.fstype);
  }
  return labels;
}

TEST(Counters, AddEveryField) {
  Counters into = counters(3, {1, 15});
  add(into, counters(4, {1, 15}));
  EXPECT_TRUE(is_numbered(into.data, 7));
  EXPECT_TRUE(is_numbered(into.durations.at(1), 7));
  EXPECT_TRUE(is_numbered(into.durations.at(15), 7));
}

TEST(Counters, AddToTheFieldOfTheSameName) {
  Counters into;
  Counters from;
  from.data.ops[FUSESCOPE_WRITE].io[FUSESCOPE_BUFFERED].splits[FUSESCOPE_CAUSE_MAX_WRITE] = 2;
  from.data.ops[FUSESCOPE_READ].data.origins[FUSESCOPE_ORIGIN_READAHEAD] = 5;
  from.durations[1].sum_ns = 7;
  add(into, from);
  add(into, from);
  const fusescope_op_stats& read = into.data.ops[FUSESCOPE_READ];
  const fusescope_op_stats& write = into.data.ops[FUSESCOPE_WRITE];
  EXPECT_EQ(write.io[FUSESCOPE_BUFFERED].splits[FUSESCOPE_CAUSE_MAX_WRITE], 4U);
  EXPECT_EQ(read.io[FUSESCOPE_BUFFERED].splits[FUSESCOPE_CAUSE_MAX_WRITE], 0U);
  EXPECT_EQ(read.data.origins[FUSESCOPE_ORIGIN_READAHEAD], 10U);
  EXPECT_EQ(into.durations.at(1).sum_ns, 14U);
}

TEST(Counters, AddOpcodesThatOnlyOneSideHas) {
  Counters into = counters(1, {1});
  add(into, counters(2, {15}));
  EXPECT_EQ(into.durations.size(), 2U);
  EXPECT_TRUE(is_numbered(into.durations.at(1), 1));
  EXPECT_TRUE(is_numbered(into.durations.at(15), 2));
}

TEST(Counters, HaveADifferenceInEveryField) {
  const Counters grown = difference(counters(9, {1, 15}), counters(4, {1, 15}));
  EXPECT_TRUE(is_numbered(grown.data, 5));
  EXPECT_TRUE(is_numbered(grown.durations.at(1), 5));
  EXPECT_TRUE(is_numbered(grown.durations.at(15), 5));
}

TEST(Counters, KeepAnOpcodeThatIsNewSinceTheEarlierReading) {
  const Counters grown = difference(counters(9, {1, 15}), counters(4, {1}));
  EXPECT_TRUE(is_numbered(grown.durations.at(1), 5));
  EXPECT_TRUE(is_numbered(grown.durations.at(15), 9));
}

TEST(Counters, DoNotDifferFromThemselves) {
  const Counters now = counters(9, {1});
  EXPECT_TRUE(is_numbered(difference(now, now).data, 0));
  EXPECT_TRUE(is_numbered(difference(now, Counters{}).data, 9));
}

TEST(Counters, ComeBackWhenADifferenceIsAddedAgain) {
  const Counters before = counters(4, {1});
  Counters sum = before;
  add(sum, difference(counters(9, {1, 15}), before));
  EXPECT_TRUE(is_numbered(sum.data, 9));
  EXPECT_TRUE(is_numbered(sum.durations.at(1), 9));
  EXPECT_TRUE(is_numbered(sum.durations.at(15), 9));
}

TEST(Counters, GrowByNothingWhereAReadingIsBelowTheOneBefore) {
  EXPECT_TRUE(is_numbered(growth(counters(9, {1}), counters(4, {1})).data, 5));
  const Counters grown = growth(counters(4, {1}), counters(9, {1, 15}));
  EXPECT_TRUE(is_numbered(grown.data, 0));
  EXPECT_TRUE(grown.durations.empty());
}

TEST(Counters, KeepTheMostRequestsOfACall) {
  Counters before;
  Counters now;
  before.data.ops[FUSESCOPE_READ].io[FUSESCOPE_DIRECT].most_requests = 8;
  now.data.ops[FUSESCOPE_READ].io[FUSESCOPE_DIRECT].most_requests = 9;
  now.data.ops[FUSESCOPE_WRITE].io[FUSESCOPE_BUFFERED].most_requests = 2;
  for (const Counters& joined : {difference(now, before), [&] {
                                   Counters sum = before;
                                   add(sum, now);
                                   return sum;
                                 }()}) {
    EXPECT_EQ(joined.data.ops[FUSESCOPE_READ].io[FUSESCOPE_DIRECT].most_requests, 9U);
    EXPECT_EQ(joined.data.ops[FUSESCOPE_READ].io[FUSESCOPE_BUFFERED].most_requests, 0U);
    EXPECT_EQ(joined.data.ops[FUSESCOPE_WRITE].io[FUSESCOPE_BUFFERED].most_requests, 2U);
  }
}

TEST(Counters, AreEmptyUntilAnythingIsCounted) {
  EXPECT_TRUE(is_empty(Counters{}));
  Counters one_read;
  one_read.data.ops[FUSESCOPE_READ].data.pages[0] = 1;
  EXPECT_FALSE(is_empty(one_read));
  Counters one_call;
  one_call.data.ops[FUSESCOPE_WRITE].io[FUSESCOPE_MODES - 1].requests[0] = 1;
  EXPECT_FALSE(is_empty(one_call));
  Counters one_lookup;
  one_lookup.durations[1].slots[0] = 1;
  EXPECT_FALSE(is_empty(one_lookup));
}

TEST(DistinctMounts, AreSortedByMountpointAndThenByType) {
  std::vector<MountSnapshot> mounts = {mount("/b", "fuse"), mount("/a", "virtiofs"),
                                       mount("/a/b", "fuse"), mount("/a", "fuse.sshfs")};
  make_distinct(mounts);
  EXPECT_EQ(labels_of(mounts),
            (std::vector<std::string>{"/a fuse.sshfs", "/a virtiofs", "/a/b fuse", "/b fuse"}));
}

TEST(DistinctMounts, AreJoinedWhereTwoLieAtOnePlace) {
  std::vector<MountSnapshot> mounts = {mount("/a", "fuse"), mount("/b", "fuse"),
                                       mount("/a", "fuse"), mount("/a", "fuse")};
  mounts[0].counters = counters(1, {1});
  mounts[1].counters = counters(8, {1});
  mounts[2].counters = counters(2, {1, 15});
  mounts[3].counters = counters(4, {15});
  mounts[0].in_flight = 3;
  mounts[2].in_flight = 5;
  make_distinct(mounts);
  ASSERT_EQ(labels_of(mounts), (std::vector<std::string>{"/a fuse", "/b fuse"}));
  EXPECT_TRUE(is_numbered(mounts[0].counters.data, 1 + 2 + 4));
  EXPECT_TRUE(is_numbered(mounts[0].counters.durations.at(1), 1 + 2));
  EXPECT_TRUE(is_numbered(mounts[0].counters.durations.at(15), 2 + 4));
  EXPECT_EQ(mounts[0].in_flight, 8U);
  EXPECT_TRUE(is_numbered(mounts[1].counters.data, 8));
  EXPECT_EQ(mounts[1].in_flight, 0U);
}

TEST(DistinctMounts, HaveTheLimitsAndTheSourceOfTheLaterOne) {
  std::vector<MountSnapshot> mounts = {mount("/a", "fuse"), mount("/a", "fuse")};
  mounts[0].limits.emplace().max_pages = 32;
  mounts[0].readahead_bytes = 1;
  mounts[1].limits.emplace().max_pages = 256;
  mounts[1].readahead_bytes = 2;
  mounts[1].identity.source = "later";
  mounts[1].identity.device = 2;
  make_distinct(mounts);
  ASSERT_EQ(mounts.size(), 1U);
  EXPECT_EQ(mounts[0].limits->max_pages, 256U);
  EXPECT_EQ(mounts[0].readahead_bytes, 2U);
  EXPECT_EQ(mounts[0].identity.source, "later");
  EXPECT_EQ(mounts[0].identity.device, 2U);
}

TEST(DistinctMounts, OfNoneAreNone) {
  std::vector<MountSnapshot> mounts;
  make_distinct(mounts);
  EXPECT_TRUE(mounts.empty());
}

}  // namespace
}  // namespace fusescope

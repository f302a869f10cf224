// SPDX-License-Identifier: Apache-2.0
#include "agent/model/state.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "agent/model/mount_look.h"
#include "agent/model/names.h"
#include "test/unit/judged_mount.h"

namespace fusescope {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint32_t kLookup = 1;
constexpr std::uint32_t kGetattr = 3;
constexpr std::uint32_t kOpen = 14;
constexpr std::uint32_t kRead = 15;
constexpr std::uint32_t kStatfs = 17;
constexpr int kOneSecondSlot = 20;  // ends at 2^20 us

// Reads that were sent and have ended, in a slot of the durations.
void add_reads(MountSnapshot& mount, std::uint64_t count, int slot = 6) {
  auto& op = mount.counters.data.ops[FUSESCOPE_READ];
  op.data.pages[0] += count;
  op.duration.slots[slot] += count;
  op.io[FUSESCOPE_DIRECT].requests[1] += count;
}

void add_others(MountSnapshot& mount, std::uint32_t opcode, std::uint64_t count) {
  mount.counters.data.sent_others += count;
  mount.counters.durations[opcode].slots[3] += count;
}

void add_errors(MountSnapshot& mount, std::uint32_t opcode, int error, std::uint64_t count) {
  mount.counters.errors[{.opcode = opcode, .error = static_cast<std::uint32_t>(error)}] += count;
}

StateFinding found(const MountSnapshot& mount, double seconds = 10, const StateRule& rule = {}) {
  return state_of({.mount = mount, .seconds = seconds}, worst(judge(mount, default_host())), rule);
}

MountSnapshot mount_with(const std::function<void(MountSnapshot&)>& change) {
  MountSnapshot mount = judged_mount(32);
  change(mount);
  return mount;
}

TEST(State, IsIdleOnlyWhereThereIsNothingAtAll) {
  EXPECT_EQ(found(judged_mount(32)).state, MountState::idle);
  using Change = std::function<void(MountSnapshot&)>;
  for (const Change& change : std::initializer_list<Change>{
           [](MountSnapshot& mount) { mount.in_flight = 1; },
           [](MountSnapshot& mount) { mount.waiting = 1; },
           [](MountSnapshot& mount) { mount.blocked_threads = 1; },
           [](MountSnapshot& mount) { mount.oldest_age_ns = 1; },
           [](MountSnapshot& mount) { mount.counters.data.ops[FUSESCOPE_READ].data.pages[3] = 1; },
           [](MountSnapshot& mount) { mount.counters.durations[kGetattr].slots[3] = 1; },
           [](MountSnapshot& mount) { add_reads(mount, 1); }}) {
    EXPECT_EQ(found(mount_with(change)).state, MountState::ok);
  }
  EXPECT_EQ(found(mount_with([](MountSnapshot& mount) { mount.waiting = 0; })).state,
            MountState::idle);
}

TEST(State, IsHungWhenTheOldestRequestIsOlderThanTold) {
  MountSnapshot mount = judged_mount(32);
  mount.in_flight = 2;
  mount.oldest_age_ns = 10 * kSecond;
  EXPECT_EQ(found(mount).state, MountState::slow) << "not older";
  mount.oldest_age_ns += kSecond / 10;
  EXPECT_EQ(found(mount).state, MountState::hung);
  EXPECT_EQ(found(mount).detail, "2 requests without a reply, the oldest for 10 s");
  EXPECT_TRUE(found(mount).also.empty()) << "that it is slow says nothing more";
  EXPECT_EQ(found(mount, 10, {.hung_after = 20}).state, MountState::slow);
  mount.oldest_age_ns = kSecond / 2;
  EXPECT_EQ(found(mount, 10, {.hung_after = 0.4}).state, MountState::hung);
}

TEST(State, CountsWhatWasSentBeforeTheAgentBegan) {
  MountSnapshot mount = judged_mount(32);
  mount.waiting = 1;
  mount.oldest_age_ns = 12 * kSecond;
  mount.oldest_is_older = true;
  EXPECT_EQ(found(mount).detail, "1 request without a reply, the oldest for > 12 s");
  EXPECT_EQ(age_of_oldest(mount), "> 12 s");
  EXPECT_EQ(age_of_oldest(judged_mount(32)), "");
}

TEST(State, IsSplitAsItIsJudged) {
  MountSnapshot mount = judged_mount(32);
  add_split(mount, FUSESCOPE_READ, FUSESCOPE_DIRECT, FUSESCOPE_CAUSE_MAX_PAGES, 8);
  Judgement judged;
  for (const auto& [verdict, state] : {std::pair{IoVerdict::idle, MountState::ok},
                                       {IoVerdict::ok, MountState::ok},
                                       {IoVerdict::limited, MountState::split},
                                       {IoVerdict::broken, MountState::split}}) {
    judged.verdict = verdict;
    mount.in_flight = 1;
    EXPECT_EQ(state_of({.mount = mount, .seconds = 1}, judged, {}).state, state);
  }
  judged.cause = FUSESCOPE_CAUSE_UNMERGED;
  EXPECT_EQ(state_of({.mount = mount, .seconds = 1}, judged, {}).detail, "broken unmerged");
}

TEST(State, IsFailingWhereMoreThanOneInAHundredOfAnOpcodeFails) {
  MountSnapshot mount = judged_mount(32);
  add_reads(mount, 100);
  add_others(mount, kGetattr, 50);
  add_errors(mount, kRead, EIO, 1);
  EXPECT_EQ(found(mount).state, MountState::ok) << "one in a hundred";
  add_errors(mount, kRead, ENOSPC, 2);
  EXPECT_EQ(found(mount).state, MountState::failing);
  EXPECT_EQ(found(mount).detail, "read ENOSPC, read EIO") << "the most frequent first";
  add_errors(mount, kStatfs, EIO, 3);
  EXPECT_EQ(found(mount).detail, "statfs EIO, read ENOSPC, read EIO");
}

TEST(State, ManyRequestsOfOneOpcodeDoNotHideErrorsOfAnother) {
  MountSnapshot mount = judged_mount(32);
  add_reads(mount, 10'000);
  add_others(mount, kOpen, 2);
  add_errors(mount, kOpen, EIO, 1);
  EXPECT_EQ(found(mount).state, MountState::failing);
}

TEST(State, AnErrorThatProgramsAskForIsNoFailure) {
  MountSnapshot mount = judged_mount(32);
  add_others(mount, kLookup, 5);
  for (const int error : asked_for_errors()) add_errors(mount, kLookup, error, 5);
  add_errors(mount, kLookup, EACCES, 5);
  add_errors(mount, kLookup, EPERM, 5);
  EXPECT_EQ(found(mount).state, MountState::ok);
  EXPECT_TRUE(real_errors(mount.counters).empty());
  add_reads(mount, 5);
  add_errors(mount, kRead, EACCES, 5);
  EXPECT_EQ(found(mount).state, MountState::failing) << "who has opened a file may read it";
}

// The lists of errors to leave out in a file of dashboards/.
std::set<std::string> lists_in(const std::string& name) {
  std::ifstream file(FUSESCOPE_GOLDEN_DIRECTORY "/../../../dashboards/" + name);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::regex list(R"(error!~\\?"([A-Z|]*))");
  std::set<std::string> lists;
  for (std::sregex_iterator each(text.begin(), text.end(), list), end; each != end; ++each) {
    lists.insert((*each)[1]);
  }
  return lists;
}

TEST(State, TheErrorsThatProgramsAskForAreThoseOfAlertsAndDashboards) {
  std::string names;
  for (const int error : asked_for_errors()) {
    if (!names.empty()) names += '|';
    names += error_name(static_cast<std::uint32_t>(error));
  }
  EXPECT_EQ(lists_in("alerts.yml"), std::set<std::string>{names});
  EXPECT_EQ(lists_in("fusescope.json"), std::set<std::string>{names});
}

TEST(State, IsSlowWhereOneInAHundredTakesMoreThanASecond) {
  MountSnapshot mount = judged_mount(32);
  add_reads(mount, 1000);
  add_reads(mount, 5, kOneSecondSlot + 1);
  EXPECT_EQ(found(mount).state, MountState::ok);
  add_reads(mount, 20, kOneSecondSlot + 1);
  EXPECT_EQ(found(mount).state, MountState::slow);
  EXPECT_EQ(found(mount).detail, "read p99 2.1 s");
  MountSnapshot near = judged_mount(32);
  add_reads(near, 10, kOneSecondSlot);
  EXPECT_EQ(found(near).state, MountState::ok) << "a second at most";
  MountSnapshot endless = judged_mount(32);
  add_reads(endless, 10, FUSESCOPE_DURATION_SLOTS - 1);
  EXPECT_EQ(found(endless).detail, "read p99 > 67 s");
}

TEST(State, IsSlowWhileARequestTakesLong) {
  MountSnapshot mount = judged_mount(32);
  mount.in_flight = 1;
  mount.oldest_age_ns = kSecond;
  EXPECT_EQ(found(mount).state, MountState::ok);
  mount.oldest_age_ns = 3 * kSecond;
  EXPECT_EQ(found(mount).state, MountState::slow);
  EXPECT_EQ(found(mount).detail, "a request in flight for 3.0 s");
}

TEST(State, IsBusyWithMetadataWhereItIsMoreThanData) {
  MountSnapshot mount = judged_mount(32);
  add_reads(mount, 300);
  add_others(mount, kGetattr, 150);
  add_others(mount, kLookup, 100);
  add_others(mount, kStatfs, 10);
  add_others(mount, kOpen, 40);
  EXPECT_EQ(found(mount).state, MountState::ok) << "300 and 300";
  add_others(mount, kStatfs, 1);
  EXPECT_EQ(found(mount).state, MountState::busy_metadata);
  EXPECT_EQ(found(mount).detail, "getattr, lookup, open");
  EXPECT_EQ(busiest_opcodes(mount.counters).front(),
            (OpcodeCount{.opcode = kGetattr, .requests = 150}));
}

TEST(State, IsNotBusyWithARequestNowAndThen) {
  MountSnapshot mount = judged_mount(32);
  add_others(mount, kStatfs, 9);
  EXPECT_EQ(found(mount, 10).state, MountState::ok) << "fewer than one a second";
  add_others(mount, kStatfs, 1);
  EXPECT_EQ(found(mount, 10).state, MountState::busy_metadata);
}

TEST(State, IsTheWorstAndNamesTheOthers) {
  MountSnapshot mount = judged_mount(32);
  add_others(mount, kGetattr, 100);
  EXPECT_EQ(found(mount).state, MountState::busy_metadata);
  add_reads(mount, 10, kOneSecondSlot + 2);
  EXPECT_EQ(found(mount).state, MountState::slow);
  add_errors(mount, kGetattr, EIO, 100);
  EXPECT_EQ(found(mount).state, MountState::failing);
  add_split(mount, FUSESCOPE_READ, FUSESCOPE_DIRECT, FUSESCOPE_CAUSE_UNMERGED, 8);
  EXPECT_EQ(found(mount).state, MountState::split);
  EXPECT_EQ(found(mount).also, (std::vector{MountState::failing, MountState::slow}));
  mount.in_flight = 1;
  mount.oldest_age_ns = 11 * kSecond;
  EXPECT_EQ(found(mount).state, MountState::hung);
  EXPECT_EQ(found(mount).also, (std::vector{MountState::split, MountState::failing}));
}

TEST(MountLook, IsOfTheTimeSinceTheOldestReading) {
  Recent recent(Recent::Oldest::before_window);
  MountSnapshot mount = judged_mount(32);
  add_errors(mount, kGetattr, EIO, 5);
  const auto look = [&] { return look_at(mount, recent, default_host(), {}); };
  EXPECT_EQ(look().finding.state, MountState::failing) << "all that was counted";
  EXPECT_FALSE(look().seconds);
  const Recent::Clock::time_point begin{};
  recent.add(begin, {.mounts = {mount}, .self = {}});
  recent.add(begin + std::chrono::seconds(60), {.mounts = {mount}, .self = {}});
  EXPECT_EQ(look().seconds, 60);
  EXPECT_EQ(look().finding.state, MountState::idle) << "what failed is over";
}

}  // namespace
}  // namespace fusescope

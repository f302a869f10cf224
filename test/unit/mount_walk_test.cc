// SPDX-License-Identifier: Apache-2.0
#include "agent/host/mount_walk.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

#include "agent/host/mount_walker.h"
#include "test/unit/made_up_proc.h"

namespace fusescope {
namespace {

using namespace std::chrono_literals;

// One process a step: the time is up at once.
constexpr WalkLimits kOneProcess = {.step = 0ms};

const MonotonicClock::time_point kNotYet{};

std::string mountpoint_of(const WalkFindings& findings, std::uint32_t device) {
  const auto found = findings.mounts.find(device);
  return found == findings.mounts.end() ? "none" : found->second.identity.mountpoint;
}

WantedMounts sought(std::uint32_t device) {
  return {{device, {.claimed = kNotYet, .told = MonotonicClock::now()}}};
}

std::string numbered(std::string text, std::uint32_t number) {
  return text.append(std::to_string(number));
}

// Processes 10 and up, each in a namespace of its own with device 41, 42 ...
void add_processes(Proc& proc, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; i++) {
    proc.process(std::to_string(10 + i), static_cast<int>(2 + i),
                 line(numbered("0:", 41 + i), numbered("/pod-", i)));
  }
}

// Steps until a mount is found.
int steps_to(MountWalk& walk, std::uint32_t device) {
  const WantedMounts wanted = sought(device);
  for (int steps = 1; steps <= 100; steps++) {
    walk.step(wanted);
    if (walk.findings().mounts.contains(device)) return steps;
  }
  return 0;
}

int steps_to(const Proc& proc, std::uint32_t device) {
  MountWalk walk(proc.path(), kOneProcess);
  return steps_to(walk, device);
}

TEST(MountWalk, BeginsWithTheNewestProcess) {
  Proc proc;
  add_processes(proc, 20);
  EXPECT_EQ(steps_to(proc, 60), 1);
  EXPECT_EQ(steps_to(proc, 41), 20);
}

TEST(MountWalk, KnowsTheNewestProcessWhereIdsHaveWrappedAround) {
  Proc proc;
  add_processes(proc, 20);
  proc.write("loadavg", "0.00 0.01 0.05 1/100 12\n");
  EXPECT_EQ(steps_to(proc, 43), 1);
  EXPECT_EQ(steps_to(proc, 60), 4);
}

TEST(MountWalk, IsCompleteOnlyAtItsEnd) {
  Proc proc;
  add_processes(proc, 20);
  MountWalk walk(proc.path(), kOneProcess);
  const WantedMounts wanted = sought(7);
  const auto begin = MonotonicClock::now();
  for (int steps = 0; steps < 20; steps++) {
    EXPECT_TRUE(walk.is_due(wanted));
    EXPECT_EQ(walk.findings().complete_since, kNotYet);
    walk.step(wanted);
  }
  walk.step(wanted);  // finds no other process
  EXPECT_GE(walk.findings().complete_since, begin);
  EXPECT_FALSE(walk.is_due(wanted)) << "not before a second is over";
}

TEST(MountWalk, TakesProcessesThatComeMeanwhileInTurnWithTheOthers) {
  Proc proc;
  add_processes(proc, 20);
  MountWalk walk(proc.path(), kOneProcess);
  walk.step(sought(99));
  proc.process("1000", 1000, line("0:99", "/late"));
  const int steps = steps_to(walk, 99);
  EXPECT_GE(steps, 1);
  EXPECT_LE(steps, 2);
}

TEST(MountWalk, EndsThoughProcessesNeverStopComing) {
  Proc proc;
  add_processes(proc, 20);
  MountWalk walk(proc.path(), kOneProcess);
  const WantedMounts wanted = sought(7);
  for (int steps = 0; steps < 100 && walk.findings().complete_since == kNotYet; steps++) {
    walk.step(wanted);
    const std::string name = std::to_string(1000 + steps);
    proc.process(name, 1000 + steps, line("0:7000", "/new"));
  }
  EXPECT_NE(walk.findings().complete_since, kNotYet);
}

TEST(MountWalk, LeavesOutTheRestOfATableThatIsTooLong) {
  std::string table = line("0:41", "/first");
  for (int i = 0; i < 5000; i++) table += line("0:1", "/other", "tmpfs");
  table += line("0:42", "/last");
  Proc proc;
  proc.process("10", 2, table);
  const WantedMounts both = {{41, {}}, {42, {.told = MonotonicClock::now()}}};
  MountWalk all(proc.path());
  all.step(both);
  EXPECT_EQ(mountpoint_of(all.findings(), 42), "/last");
  EXPECT_EQ(all.findings().tables_cut, 0U);
  for (const WalkLimits limits : {WalkLimits{.table_bytes = 1000}, WalkLimits{.table = 0ms}}) {
    MountWalk walk(proc.path(), limits);
    walk.step(both);
    EXPECT_EQ(mountpoint_of(walk.findings(), 41), "/first");
    EXPECT_EQ(mountpoint_of(walk.findings(), 42), "none");
    EXPECT_EQ(walk.findings().tables_cut, 1U);
  }
}

TEST(MountWalk, RemembersOnlySoManyMounts) {
  std::string table;
  WantedMounts wanted;
  for (std::uint32_t i = 1; i <= 50; i++) {
    table += line(numbered("0:", i), numbered("/pod-", i));
    wanted[i] = {};
  }
  Proc proc;
  proc.process("10", 2, table);
  MountWalk walk(proc.path(), {.mounts = 20});
  walk.step(wanted);
  EXPECT_EQ(walk.findings().mounts.size(), 20U);
}

TEST(MountWalk, HasNothingToDoUnlessSomethingIsSought) {
  Proc proc;
  add_processes(proc, 2);
  EXPECT_FALSE(MountWalk(proc.path()).is_due({}));
  EXPECT_TRUE(MountWalk(proc.path()).is_due(sought(41)));
}

TEST(MountWalker, FindsWithoutBeingWaitedFor) {
  Proc proc;
  add_processes(proc, 20);
  MountWalker walker(proc.path());
  walker.start();
  const WantedMounts wanted = sought(41);
  const auto end = MonotonicClock::now() + 10s;
  while (walker.look(wanted).mounts.empty() && MonotonicClock::now() < end) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(mountpoint_of(walker.look(wanted), 41), "/pod-0");
}

TEST(MountWalker, TakesATenthOfTheTime) {
  std::string table;
  for (int i = 0; i < 20000; i++) table += line("0:1", "/other", "tmpfs");
  Proc proc;
  for (int i = 0; i < 20; i++) proc.process(std::to_string(10 + i), 2 + i, table);
  MountWalker walker(proc.path(), kOneProcess);
  const WantedMounts wanted = sought(41);
  auto begin = MonotonicClock::now();
  walker.look(wanted);
  const auto step = MonotonicClock::now() - begin;
  begin = MonotonicClock::now();
  int looks = 0;
  while (MonotonicClock::now() - begin < 5 * step) {
    walker.look(wanted);
    looks++;
  }
  EXPECT_GT(looks, 100) << "they return at once";
}

}  // namespace
}  // namespace fusescope

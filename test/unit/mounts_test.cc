// SPDX-License-Identifier: Apache-2.0
#include "agent/host/mounts.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "agent/model/label_text.h"
#include "test/unit/made_up_proc.h"

namespace fusescope {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

std::string mountpoint_of(const MountsByDevice& mounts, std::uint32_t device) {
  const auto found = mounts.find(device);
  return found == mounts.end() ? "none" : found->second.mountpoint;
}

WantedDevices of(const std::vector<std::uint32_t>& devices) {
  WantedDevices wanted;
  for (const std::uint32_t device : devices) wanted.try_emplace(device);
  return wanted;
}

TEST(Mounts, OfThisNamespaceAreFoundWithoutBeingWanted) {
  Proc proc;
  proc.self(line("0:41", "/a") + line("0:42", "/b\\040c", "virtiofs"));
  const MountsByDevice mounts = Mounts(proc.path()).find({});
  EXPECT_EQ(mounts.size(), 2U);
  EXPECT_EQ(mounts.at(41), (MountIdentity{"/a", "fuse.test", "source", 41}));
  EXPECT_EQ(mounts.at(42), (MountIdentity{"/b c", "virtiofs", "source", 42}));
}

TEST(Mounts, HaveLabelsForNames) {
  Proc proc;
  const std::string path = "/" + std::string(4000, '\xff');
  proc.self(line("0:41", "/a\x1b\xff", "fuse.\x9b") + line("0:42", path));
  proc.process("10", 2, line("0:43", path));
  const MountsByDevice mounts = Mounts(proc.path()).find(of({43}));
  EXPECT_EQ(mountpoint_of(mounts, 41), "/a\\x1b\\xff");
  EXPECT_EQ(mounts.at(41).fstype, "fuse.\\x9b");
  EXPECT_EQ(mountpoint_of(mounts, 42), to_label(path));
  EXPECT_EQ(mountpoint_of(mounts, 43), to_label(to_label(path), " (mnt:2)"));
  EXPECT_EQ(mountpoint_of(mounts, 43).size(), kLabelBytes);
}

TEST(Mounts, OfThisNamespaceAreNotRemembered) {
  Proc proc;
  proc.self(line("0:41", "/a"));
  proc.process("10", 1, line("0:41", "/a"));
  Mounts mounts(proc.path());
  EXPECT_EQ(mountpoint_of(mounts.find(of({41, 42})), 41), "/a") << "42 makes it walk";
  proc.self("");
  EXPECT_EQ(mountpoint_of(mounts.find(of({41, 42})), 41), "none");
}

TEST(Mounts, AreThoseOfFuseOnly) {
  Proc proc;
  proc.self(line("0:1", "/a", "ext4") + line("0:2", "/b", "fusectl") + line("0:3", "/c", "fuse"));
  proc.process("10", 2, line("0:4", "/d", "tmpfs"));
  const MountsByDevice mounts = Mounts(proc.path()).find(of({1, 2, 4}));
  EXPECT_EQ(mounts.size(), 1U);
  EXPECT_EQ(mountpoint_of(mounts, 3), "/c");
}

TEST(Mounts, AreFoundByTheKernelsDeviceNumber) {
  Proc proc;
  proc.self(line("8:1", "/block", "fuseblk"));
  proc.process("10", 2, line("9:2", "/elsewhere", "fuseblk"));
  const MountsByDevice mounts = Mounts(proc.path()).find(of({9U << 20 | 2}));
  EXPECT_EQ(mountpoint_of(mounts, 8U << 20 | 1), "/block");
  EXPECT_EQ(mountpoint_of(mounts, 9U << 20 | 2), "/elsewhere");
  EXPECT_EQ(mounts.at(9U << 20 | 2).device, 9U << 20 | 2);
}

TEST(Mounts, AreNamedByTheirFirstPlaceInMountinfo) {
  Proc proc;
  proc.self(line("0:41", "/first") + line("0:41", "/bind"));
  proc.process("10", 2, line("0:42", "/one") + line("0:42", "/two"));
  const MountsByDevice mounts = Mounts(proc.path()).find(of({42}));
  EXPECT_EQ(mountpoint_of(mounts, 41), "/first");
  EXPECT_EQ(mountpoint_of(mounts, 42), "/one");
}

TEST(Mounts, OfAnotherNamespaceAreFoundWhenWanted) {
  Proc proc;
  proc.self(line("0:41", "/here"));
  proc.process("10", 2, line("0:42", "/pod") + line("0:43", "/pod-too"));
  proc.process("11", 3, line("0:44", "/service"));
  const MountsByDevice mounts = Mounts(proc.path()).find(of({42, 44}));
  EXPECT_EQ(mountpoint_of(mounts, 41), "/here");
  EXPECT_EQ(mountpoint_of(mounts, 42), "/pod");
  EXPECT_EQ(mountpoint_of(mounts, 44), "/service");
  EXPECT_EQ(mounts.size(), 3U);
}

TEST(Mounts, OfAnotherNamespaceAreNotFoundUnlessWanted) {
  Proc proc;
  proc.process("10", 2, line("0:42", "/pod"));
  EXPECT_TRUE(Mounts(proc.path()).find({}).empty());
  EXPECT_TRUE(Mounts(proc.path()).find(of({7})).empty());
}

TEST(Mounts, HaveTheirNameFromThisNamespaceIfItHasOne) {
  Proc proc;
  proc.self(line("0:41", "/here"));
  proc.process("10", 2, line("0:41", "/there") + line("0:42", "/pod"));
  EXPECT_EQ(mountpoint_of(Mounts(proc.path()).find(of({41, 42})), 41), "/here");
}

TEST(Mounts, AreFoundDespiteProcessesThatVanish) {
  Proc proc;
  proc.write("10/status", "");  // gone before its namespace could be read
  proc.half_process("11", 2);
  proc.process("12", 3, line("0:43", "/pod"));
  EXPECT_EQ(mountpoint_of(Mounts(proc.path()).find(of({43})), 43), "/pod");
}

TEST(Mounts, AreFoundThroughAnotherProcessOfANamespaceWhenTheFirstVanishes) {
  Proc proc;
  // Before and after, because in which order a directory is walked is not ours to choose.
  for (const char* vanishing : {"10", "11", "12", "13"}) proc.half_process(vanishing, 2);
  proc.process("14", 2, line("0:42", "/pod"));
  for (const char* vanishing : {"15", "16", "17", "18"}) proc.half_process(vanishing, 2);
  EXPECT_EQ(mountpoint_of(Mounts(proc.path()).find(of({42})), 42), "/pod");
}

TEST(Mounts, AreNotSoughtInWhatIsNoProcess) {
  Proc proc;
  for (const char* name : {"10x", "x10", "-1", "1.2", "+3", " 4", "0x5", "self2", "\xd9\xa1"}) {
    proc.process(name, 2, line("0:42", "/garbage"));
  }
  proc.write("99", "a file with the name of a process");
  EXPECT_TRUE(Mounts(proc.path()).find(of({42})).empty());
}

TEST(Mounts, AreFoundInSpiteOfMalformedLines) {
  Proc proc;
  proc.self("nonsense\n" + line("0:41", "/a"));
  proc.process("10", 2, "\n\xff\n" + line("0:42", "/b"));
  EXPECT_EQ(Mounts(proc.path()).find(of({42})).size(), 2U);
}

TEST(Mounts, OfOnePathInTwoNamespacesHaveTwoNames) {
  Proc proc;
  proc.self(line("0:43", "/data") + line("0:44", "/own"));
  proc.process("10", 2, line("0:41", "/data") + line("0:45", "/pod"));
  proc.process("11", 3, line("0:42", "/data", "fuse.else") + line("0:46", "/pod"));
  const MountsByDevice mounts = Mounts(proc.path()).find(of({41, 42, 45, 46}));
  EXPECT_EQ(mountpoint_of(mounts, 43), "/data");
  EXPECT_EQ(mountpoint_of(mounts, 44), "/own");
  EXPECT_EQ(mountpoint_of(mounts, 41), "/data (mnt:2)");
  EXPECT_EQ(mountpoint_of(mounts, 42), "/data") << "of another type: other labels";
  EXPECT_EQ(mountpoint_of(mounts, 45), "/pod") << "the first of them";
  EXPECT_EQ(mountpoint_of(mounts, 46), "/pod (mnt:3)");
  EXPECT_EQ(mounts.at(41).device, 41U);
}

TEST(Mounts, OfOnePathInOneNamespaceHaveOneName) {
  Proc proc;
  proc.self(line("0:41", "/data") + line("0:42", "/data"));
  proc.process("10", 2, line("0:43", "/data") + line("0:44", "/data"));
  const MountsByDevice mounts = Mounts(proc.path()).find(of({43, 44}));
  EXPECT_EQ(mountpoint_of(mounts, 41), "/data");
  EXPECT_EQ(mountpoint_of(mounts, 42), "/data");
  EXPECT_EQ(mountpoint_of(mounts, 43), "/data (mnt:2)");
  EXPECT_EQ(mountpoint_of(mounts, 44), "/data (mnt:2)");
}

TEST(Mounts, KeepTheirNamesWhenAnotherOfThatPathComesOrGoes) {
  Proc proc;
  proc.process("10", 2, line("0:41", "/data"));
  Mounts mounts(proc.path());
  EXPECT_EQ(mountpoint_of(mounts.find(of({41})), 41), "/data");
  proc.self(line("0:42", "/data"));
  const MountsByDevice both = mounts.find(of({41}));
  EXPECT_EQ(mountpoint_of(both, 41), "/data");
  EXPECT_EQ(mountpoint_of(both, 42), "/data (mnt:1)");
  EXPECT_EQ(mountpoint_of(mounts.find({}), 42), "/data (mnt:1)") << "41 is gone";
  proc.self("");
  mounts.find({});
  proc.self(line("0:42", "/data"));
  EXPECT_EQ(mountpoint_of(mounts.find({}), 42), "/data") << "mounted anew";
}

TEST(Mounts, AreNoneWithoutAProcfs) {
  EXPECT_TRUE(Mounts(testing::TempDir() + "/no-such-proc").find(of({41})).empty());
}

TEST(Mounts, OfThisNamespaceAreTheLastOnesWhereItsTableCannotBeRead) {
  Proc proc;
  proc.self(line("0:41", "/a"));
  Mounts mounts(proc.path());
  EXPECT_EQ(mountpoint_of(mounts.find({}), 41), "/a");
  EXPECT_EQ(mounts.repeated(), 0U);
  proc.end("self/mountinfo");
  EXPECT_EQ(mountpoint_of(mounts.find({}), 41), "/a");
  EXPECT_EQ(mounts.repeated(), 1U);
  proc.self("");
  EXPECT_EQ(mountpoint_of(mounts.find({}), 41), "none");
}

// Its table was read before the connection was there, that has the same device number.
TEST(Mounts, OfAnEarlierConnectionDoNotNameALaterOne) {
  Proc proc;
  proc.process("10", 2, line("0:42", "/gone"));
  Mounts mounts(proc.path());
  EXPECT_EQ(mountpoint_of(mounts.find(of({42})), 42), "/gone");
  const WantedDevices later = {{42, steady_clock::now()}};
  EXPECT_EQ(mountpoint_of(mounts.find(later), 42), "none");
  proc.process("10", 2, line("0:42", "/new"));
  std::this_thread::sleep_for(1050ms);
  EXPECT_EQ(mountpoint_of(mounts.find(later), 42), "/new");
}

TEST(Mounts, AreInNoTableOnlyOnceAllWereReadLateEnough) {
  Proc proc;
  proc.process("10", 2, line("0:42", "/pod"));
  Mounts mounts(proc.path());
  EXPECT_FALSE(mounts.is_in_no_table(43));
  mounts.find(of({43}));
  EXPECT_FALSE(mounts.is_in_no_table(43)) << "it may be being mounted";
  std::this_thread::sleep_for(MountWalk::kAttachTime + 50ms);
  mounts.find(of({43}));
  EXPECT_TRUE(mounts.is_in_no_table(43));
}

TEST(Mounts, OfThisNamespaceAreReadAnewEveryTime) {
  Proc proc;
  Mounts mounts(proc.path());
  proc.self(line("0:41", "/a"));
  EXPECT_EQ(mountpoint_of(mounts.find({}), 41), "/a");
  proc.self(line("0:42", "/b"));
  EXPECT_EQ(mountpoint_of(mounts.find({}), 41), "none");
  EXPECT_EQ(mountpoint_of(mounts.find({}), 42), "/b");
}

TEST(Mounts, AreSoughtElsewhereOnlyForDevicesThatAreNotHere) {
  Proc proc;
  proc.self(line("0:41", "/here"));
  Mounts mounts(proc.path());
  mounts.find(of({41}));
  // Had the call above walked, this one would have to wait.
  proc.process("10", 2, line("0:42", "/pod"));
  EXPECT_EQ(mountpoint_of(mounts.find(of({42})), 42), "/pod");
}

TEST(Mounts, OfANewDeviceAreSoughtElsewhereOnceASecond) {
  Proc proc;
  Mounts mounts(proc.path());
  const auto begin = steady_clock::now();
  EXPECT_TRUE(mounts.find(of({42})).empty());
  proc.process("10", 2, line("0:42", "/pod"));
  const MountsByDevice at_once = mounts.find(of({42}));
  if (steady_clock::now() < begin + 1s) {  // not so on a machine that stood still
    EXPECT_TRUE(at_once.empty());
  }
  std::this_thread::sleep_for(1050ms);
  EXPECT_EQ(mountpoint_of(mounts.find(of({42})), 42), "/pod");
}

TEST(Mounts, OfAnotherNamespaceThatAreGoneAreForgottenAfterTenSeconds) {
  Proc proc;
  proc.process("10", 2, line("0:42", "/pod"));
  Mounts mounts(proc.path());
  const auto begin = steady_clock::now();
  EXPECT_EQ(mountpoint_of(mounts.find(of({42})), 42), "/pod");
  proc.end("10");
  std::this_thread::sleep_for(1050ms);
  const MountsByDevice after_a_second = mounts.find(of({42}));
  if (steady_clock::now() < begin + 10s) {
    EXPECT_EQ(mountpoint_of(after_a_second, 42), "/pod");
  }
  std::this_thread::sleep_for(9s);
  EXPECT_TRUE(mounts.find(of({42})).empty());
}

}  // namespace
}  // namespace fusescope

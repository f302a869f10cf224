// SPDX-License-Identifier: Apache-2.0
#include "agent/host/daemons.h"

#include <gtest/gtest.h>

#include <string>

#include "test/unit/temporary_directory.h"

namespace fusescope {
namespace {

fusescope_device_record record(std::uint32_t device, std::uint32_t process) {
  fusescope_device_record record{};
  record.device = device;
  record.daemon_pid = process;
  return record;
}

class DaemonsTest : public testing::Test {
 protected:
  DaemonsTest() { root_.link("proc/self/ns/pid", "pid:[4026531836]"); }

  void process(std::uint32_t id, const std::string& name) const {
    root_.write("proc/" + std::to_string(id) + "/comm", name + "\n");
  }

  TemporaryDirectory root_;
  Daemons daemons_{root_.path()};
};

TEST_F(DaemonsTest, AreNamedByTheProcessThatHasTheDeviceOpen) {
  process(10, "bindfs");
  process(11, "mount.exfat-fus");
  daemons_.update({record(41, 10), record(42, 11)});
  EXPECT_EQ(daemons_.of(41), "bindfs");
  EXPECT_EQ(daemons_.of(42), "mount.exfat-fus");
  EXPECT_EQ(daemons_.of(43), "");
}

TEST_F(DaemonsTest, AreForgottenWhenTheyAreGone) {
  process(10, "bindfs");
  daemons_.update({record(41, 10)});
  daemons_.update({});
  EXPECT_EQ(daemons_.of(41), "");
}

TEST_F(DaemonsTest, AreReadAgainAfterAnotherProgramWasStarted) {
  process(10, "mount.fuse3");
  daemons_.update({record(41, 10)});
  process(10, "sshfs");
  daemons_.update({record(41, 10)});
  EXPECT_EQ(daemons_.of(41), "sshfs");
}

TEST_F(DaemonsTest, HaveNoNameWhereTheProcessIsGone) {
  daemons_.update({record(41, 10)});
  EXPECT_EQ(daemons_.of(41), "");
}

// A daemon's child may have inherited the device, and so may whoever started it.
TEST_F(DaemonsTest, OfSeveralProcessesTheOneThatIsKnownIsTaken) {
  process(10, "sh");
  process(11, "bindfs");
  process(12, "ssh");
  process(13, "sshfs");
  daemons_.update({record(41, 10), record(41, 11), record(41, 12), record(41, 13)});
  EXPECT_EQ(daemons_.of(41), "bindfs");
  daemons_.update({record(41, 10), record(41, 12)});
  EXPECT_EQ(daemons_.of(41), "sh");
  daemons_.update({record(41, 99), record(41, 12)});
  EXPECT_EQ(daemons_.of(41), "ssh");
}

TEST_F(DaemonsTest, MayHaveNamesOfAnyBytes) {
  process(10, "a\n\xff b");
  daemons_.update({record(41, 10)});
  EXPECT_EQ(daemons_.of(41), "a\n\xff b");
}

// Elsewhere the same number is another process.
TEST_F(DaemonsTest, AreNotNamedWhereProcessIdsAreNotThoseOfTheHost) {
  process(10, "bindfs");
  root_.remove("proc/self/ns/pid");
  root_.link("proc/self/ns/pid", "pid:[4026532000]");
  daemons_.update({record(41, 10)});
  EXPECT_EQ(daemons_.of(41), "");
}

TEST_F(DaemonsTest, OfSoManyProcessesOnlyTheFirstAreLookedAt) {
  std::vector<fusescope_device_record> records;
  for (std::uint32_t i = 1; i <= 300; i++) {
    process(i, "bindfs");
    records.push_back(record(i, i));
    records.push_back(record(i, i));
  }
  daemons_.update(records);
  EXPECT_EQ(daemons_.of(256), "bindfs");
  EXPECT_EQ(daemons_.of(257), "");
}

}  // namespace
}  // namespace fusescope

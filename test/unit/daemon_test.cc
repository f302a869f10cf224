// SPDX-License-Identifier: Apache-2.0
#include "agent/model/daemon.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "agent/model/remedy_table.h"

namespace fusescope {
namespace {

std::string daemon(const std::string& fstype, const std::string& source,
                   const std::string& command) {
  MountSnapshot mount;
  mount.identity.fstype = fstype;
  mount.identity.source = source;
  mount.daemon = command;
  return daemon_of(mount);
}

TEST(DaemonOfCommand, KnowsDaemonsByTheirNamesAndThoseOfTheirMountHelpers) {
  EXPECT_EQ(daemon_of_command("bindfs"), "bindfs");
  EXPECT_EQ(daemon_of_command("mount.davfs"), "davfs2");
  EXPECT_EQ(daemon_of_command("mfsmount"), "moosefs");
  EXPECT_EQ(daemon_of_command("mount.ntfs-3g"), "ntfs-3g");
}

TEST(DaemonOfCommand, KnowsANameThatTheKernelHasCut) {
  EXPECT_EQ(daemon_of_command("mount.exfat-fus"), "exfat-fuse");
  EXPECT_EQ(daemon_of_command("mount.lowntfs-3"), "ntfs-3g");
  EXPECT_EQ(daemon_of_command("mount.exfat-fu"), "");  // of 14 bytes: nothing was cut
}

TEST(DaemonOfCommand, IsEmptyOfAnyOtherName) {
  for (const char* command : {"", "python3", "countfs", "sshfs2", "ssh", "mount"}) {
    EXPECT_EQ(daemon_of_command(command), "") << command;
  }
}

// All of these were seen: fstype and source as mountinfo has them, and comm.
TEST(DaemonOf, GoesByTheCommandWhereTheTypeTellsNothing) {
  EXPECT_EQ(daemon("fuse", "/srv/data", "bindfs"), "bindfs");
  EXPECT_EQ(daemon("fuse", "http://127.0.0.1:8080/", "mount.davfs"), "davfs2");
  EXPECT_EQ(daemon("fuseblk", "/dev/loop0", "mount.ntfs-3g"), "ntfs-3g");
  EXPECT_EQ(daemon("fuse.ext4", "/dev/loop0", "fuse2fs"), "fuse2fs");
  EXPECT_EQ(daemon("fuse", "borgfs", "borg"), "borg");
}

TEST(DaemonOf, GoesByTheTypeWhereTheCommandIsNotKnown) {
  EXPECT_EQ(daemon("fuse.sshfs", "host:/", ""), "sshfs");
  EXPECT_EQ(daemon("fuse.sshfs", "host:/", "python3"), "sshfs");
  EXPECT_EQ(daemon("fuse", "mountpoint-s3", ""), "mountpoint-s3");
  EXPECT_EQ(daemon("virtiofs", "tag", ""), "virtiofs");
  EXPECT_EQ(daemon("fuseblk", "/dev/sda1", ""), "fuseblk");
}

// A daemon that no name leads to has rows for nothing.
TEST(DaemonOf, FindsEachDaemonThatHasARow) {
  for (const RemedyRow& row : remedy_table()) {
    if (row.daemon.empty()) continue;
    const std::string name(row.daemon);
    const bool is_type = daemon("fuse." + name, "", "") == name;
    EXPECT_TRUE(is_type || !daemon_of_command(name).empty()) << name;
  }
}

}  // namespace
}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/host/mountinfo.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace fusescope {
namespace {

Mount only_mount(std::string_view text) {
  const MountTable table = parse_mountinfo(text);
  EXPECT_EQ(table.malformed_lines, 0U) << text;
  EXPECT_EQ(table.mounts.size(), 1U) << text;
  return table.mounts.empty() ? Mount{} : table.mounts[0];
}

TEST(Mountinfo, ReadsEveryField) {
  const Mount mount = only_mount(
      "36 35 0:41 /sub /mnt/s3 rw,noatime shared:7 master:1 - fuse.mountpoint-s3 bucket "
      "rw,user_id=0,max_read=131072\n");
  EXPECT_EQ(mount.id, 36U);
  EXPECT_EQ(mount.parent, 35U);
  EXPECT_EQ(mount.major, 0U);
  EXPECT_EQ(mount.minor, 41U);
  EXPECT_EQ(mount.root, "/sub");
  EXPECT_EQ(mount.mountpoint, "/mnt/s3");
  EXPECT_EQ(mount.fstype, "fuse.mountpoint-s3");
  EXPECT_EQ(mount.source, "bucket");
  EXPECT_EQ(mount.super_options, "rw,user_id=0,max_read=131072");
}

TEST(Mountinfo, TakesAnyNumberOfOptionalFields) {
  for (const char* optional : {"", "shared:1 ", "shared:1 master:2 propagate_from:3 unbindable "}) {
    EXPECT_EQ(only_mount("1 2 8:1 / /a rw " + std::string(optional) + "- fuse src rw").fstype,
              "fuse");
  }
}

TEST(Mountinfo, UndoesOctalEscapes) {
  const Mount mount = only_mount(
      "1 2 0:5 /r\\040t /a\\040b\\011c\\012d\\134e\\043\\377 rw - fuse.x\\040y s\\040t o\\040p");
  EXPECT_EQ(mount.root, "/r t");
  EXPECT_EQ(mount.mountpoint, "/a b\tc\nd\\e#\xff");
  EXPECT_EQ(mount.fstype, "fuse.x y");
  EXPECT_EQ(mount.source, "s t");
  EXPECT_EQ(mount.super_options, "o p");
}

TEST(Mountinfo, LeavesAloneWhatIsNoEscape) {
  EXPECT_EQ(only_mount("1 2 0:5 / /\\04 rw - fuse s o").mountpoint, "/\\04");
  EXPECT_EQ(only_mount("1 2 0:5 / /\\400\\08x\\ rw - fuse s o").mountpoint, "/\\400\\08x\\");
  EXPECT_EQ(only_mount("1 2 0:5 / /\\134040 rw - fuse s o").mountpoint, "/\\040");
}

TEST(Mountinfo, KeepsBytesThatAreNotUtf8) {
  EXPECT_EQ(only_mount("1 2 0:5 / /\xe9\xff rw - fuse \xfe o").mountpoint, "/\xe9\xff");
}

TEST(Mountinfo, KeepsAnEmptySource) {
  const Mount mount = only_mount("1 2 0:5 / /a rw - fuse  rw,user_id=0");
  EXPECT_EQ(mount.source, "");
  EXPECT_EQ(mount.super_options, "rw,user_id=0");
}

TEST(Mountinfo, CountsAndSkipsMalformedLines) {
  constexpr std::string_view kMalformed[] = {
      "nonsense",
      "1",
      "1 2 0:5 / /a rw",
      "1 2 0:5 / /a rw shared:1 fuse s o",
      "1 2 0:5 / /a rw -",
      "1 2 0:5 / /a rw - fuse",
      "1 2 0:5 / /a rw - fuse s",
      "1 2 0:5 / /a rw -  s o",
      "1 2 05 / /a rw - fuse s o",
      "1 2 0:5x / /a rw - fuse s o",
      "1 2 -1:5 / /a rw - fuse s o",
      "99999999999 2 0:5 / /a rw - fuse s o",
      " 1 2 0:5 / /a rw - fuse s o",
      "1 2 0:5  /a rw - fuse s o",
      "1 2 0:5 /  rw - fuse s o",
  };
  std::string text = "1 2 0:5 / /first rw - fuse s o\n\n";
  for (const std::string_view line : kMalformed) {
    EXPECT_EQ(parse_mountinfo(line).malformed_lines, 1U) << line;
    EXPECT_TRUE(parse_mountinfo(line).mounts.empty()) << line;
    text += std::string(line) + "\n";
  }
  text += "3 2 0:6 / /last rw - fuse s o";
  const MountTable table = parse_mountinfo(text);
  EXPECT_EQ(table.malformed_lines, std::size(kMalformed));
  ASSERT_EQ(table.mounts.size(), 2U);
  EXPECT_EQ(table.mounts[1].mountpoint, "/last");
}

TEST(Mountinfo, SurvivesEveryTruncation) {
  const std::string line = "1 2 0:5 /r\\040 /a\\012 rw shared:1 - fuse.x s\\134 o=\\377\n";
  for (std::size_t length = 0; length < line.size(); ++length) {
    const MountTable table = parse_mountinfo(std::string_view(line).substr(0, length));
    EXPECT_LE(table.mounts.size() + table.malformed_lines, 1U);
  }
}

TEST(Mountinfo, OfNothingIsEmpty) {
  EXPECT_TRUE(parse_mountinfo("").mounts.empty());
  EXPECT_EQ(parse_mountinfo("\n\n").malformed_lines, 0U);
}

TEST(Mountinfo, KnowsTheFuseTypes) {
  for (const char* type : {"fuse", "fuseblk", "fuse.sshfs", "fuseblk.ntfs-3g", "virtiofs"}) {
    EXPECT_TRUE(is_fuse(type)) << type;
  }
  for (const char* type : {"fusectl", "fusectl.x", "ext4", "", "fuse2", "xfuse", "virtiofs2"}) {
    EXPECT_FALSE(is_fuse(type)) << type;
  }
}

TEST(Mountinfo, MakesTheKernelsDeviceNumber) {
  EXPECT_EQ(kernel_device(0, 41), 41U);
  EXPECT_EQ(kernel_device(8, 1), 0x00800001U);
  EXPECT_EQ(kernel_device(4095, (1U << 20) - 1), 0xffffffffU);
}

}  // namespace
}  // namespace fusescope

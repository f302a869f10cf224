// SPDX-License-Identifier: Apache-2.0
#include "agent/host/path_mounts.h"

#include <gtest/gtest.h>

#include <string>

#include "agent/model/label_text.h"
#include "test/unit/temporary_directory.h"

namespace fusescope {
namespace {

constexpr const char* kRoot = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n";

std::string fuse_line(int minor, const std::string& mountpoint) {
  return "30 20 0:" + std::to_string(minor) + " / " + mountpoint + " rw - fuse.x x rw\n";
}

TEST(AbsolutePath, IsMadeByTextAlone) {
  EXPECT_EQ(absolute_path("/a/./b/../c/"), "/a/c");
  EXPECT_EQ(absolute_path("/"), "/");
  EXPECT_TRUE(absolute_path("a").ends_with("/a"));
  EXPECT_TRUE(absolute_path("a").starts_with("/"));
}

TEST(FuseDeviceOf, IsTheMountWithTheLongestPrefix) {
  const MountTable table = parse_mountinfo(std::string(kRoot) + fuse_line(41, "/a") +
                                           fuse_line(42, "/a/b") + fuse_line(43, "/a/b"));
  EXPECT_EQ(fuse_device_of("/a", table), kernel_device(0, 41));
  EXPECT_EQ(fuse_device_of("/a/x/y", table), kernel_device(0, 41));
  EXPECT_EQ(fuse_device_of("/a/b/c", table),
            kernel_device(0, 43));  // the later one hides the other
  EXPECT_EQ(fuse_device_of("/ab", table), std::nullopt);
  EXPECT_EQ(fuse_device_of("/", table), std::nullopt);
}

TEST(FuseDeviceOf, TakesALabelForThePath) {
  const std::string path(4000, 'x');
  const MountTable table =
      parse_mountinfo(kRoot + fuse_line(41, "/b\xff\x1b") + fuse_line(42, "/c\xc2\x9b/" + path) +
                      fuse_line(43, "/d\\xff") + fuse_line(44, "/d\xff"));
  EXPECT_EQ(fuse_device_of("/b\xff\x1b", table), kernel_device(0, 41));
  EXPECT_EQ(fuse_device_of("/b\\xff\\x1b", table), kernel_device(0, 41));
  EXPECT_EQ(fuse_device_of("/c\xc2\x9b/" + path, table), kernel_device(0, 42));
  EXPECT_EQ(fuse_device_of(to_label("/c\xc2\x9b/" + path), table), kernel_device(0, 42));
  EXPECT_EQ(fuse_device_of("/d\\xff", table), kernel_device(0, 43)) << "first, what is so called";
  EXPECT_EQ(fuse_device_of("/d\xff", table), kernel_device(0, 44));
  EXPECT_EQ(fuse_device_of("/b\\xfe", table), std::nullopt);
}

// A host with processes in mount namespaces. "self" is in that of process 1.
class NamespacesTest : public testing::Test {
 protected:
  NamespacesTest() {
    process("self", 1, kRoot + fuse_line(41, "/here"));
    process("1", 1, kRoot + fuse_line(41, "/here"));
  }

  void process(const std::string& id, int space, const std::string& mounts) const {
    root_.link("proc/" + id + "/ns/mnt", "mnt:[" + std::to_string(space) + "]");
    root_.write("proc/" + id + "/mountinfo", mounts);
  }

  [[nodiscard]] std::string advice(const std::string& path) const {
    return other_namespace_advice(path, "fusescope verify", root_.path());
  }

  TemporaryDirectory root_;
};

TEST_F(NamespacesTest, AMountOfThisOneNeedsNoAdvice) {
  process("50", 2, kRoot + fuse_line(42, "/here"));
  EXPECT_EQ(advice("/here/directory"), "");
  EXPECT_EQ(fuse_device_here("/here", "x", root_.path()), kernel_device(0, 41));
}

TEST_F(NamespacesTest, AMountOfAnotherOneIsFoundByItsFirstProcess) {
  process("700", 2, kRoot + fuse_line(42, "/data"));
  process("50", 2, kRoot + fuse_line(42, "/data"));
  EXPECT_EQ(
      advice("/data/directory"),
      "in the mount namespace of PID 50: nsenter -t 50 -m fusescope verify '/data/directory'");
  const auto device = fuse_device_here("/data", "fusescope trace --mount", root_.path());
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().text,
            "not on a FUSE mount here, but in the mount namespace of PID 50: nsenter -t 50 -m "
            "fusescope trace --mount '/data'");
}

TEST_F(NamespacesTest, AMountOfSeveralIsToldToBeSo) {
  process("50", 2, kRoot + fuse_line(42, "/data"));
  process("60", 3, kRoot + fuse_line(43, "/data"));
  process("70", 4, kRoot);
  EXPECT_EQ(advice("/data"),
            "in the mount namespace of PID 50 (and of 1 more): nsenter -t 50 -m fusescope verify "
            "'/data'");
}

TEST_F(NamespacesTest, ALabelNamesTheNamespace) {
  process("50", 2, kRoot + fuse_line(42, "/data"));
  process("60", 3, kRoot + fuse_line(43, "/data"));
  EXPECT_EQ(advice("/data (mnt:3)"),
            "in the mount namespace of PID 60: nsenter -t 60 -m fusescope verify '/data'");
  EXPECT_EQ(advice("/data (mnt:4)"), "");
  EXPECT_EQ(advice("/data (mnt:x)"), "");
}

TEST_F(NamespacesTest, ALabelOfALongPathDoesTooAndIsWhatIsGiven) {
  const std::string path = "/" + std::string(4000, 'x');
  const std::string label = to_label(path);
  process("60", 3, kRoot + fuse_line(43, path));
  const std::string expected =
      "in the mount namespace of PID 60: nsenter -t 60 -m fusescope verify '" + label + "'";
  EXPECT_EQ(advice(label), expected);
  EXPECT_EQ(advice(to_label(label, " (mnt:3)")), expected);
  EXPECT_EQ(advice(to_label(label, " (mnt:4)")), "");
}

TEST_F(NamespacesTest, ALabelMayNameThisOne) {
  EXPECT_EQ(fuse_device_here("/here (mnt:1)", "x", root_.path()), kernel_device(0, 41));
  EXPECT_FALSE(fuse_device_here("/here (mnt:2)", "x", root_.path()));
}

TEST_F(NamespacesTest, AQuoteInAPathDoesNotEndTheWordOfTheShell) {
  process("60", 3, kRoot + fuse_line(43, "/it's"));
  EXPECT_TRUE(advice("/it's").ends_with(R"(verify '/it'\''s')"));
}

TEST_F(NamespacesTest, APathOfNoMountIsToldToBeOnNone) {
  process("50", 2, kRoot + fuse_line(42, "/data"));
  EXPECT_EQ(advice("/elsewhere"), "");
  const auto device = fuse_device_here("/elsewhere", "x", root_.path());
  ASSERT_FALSE(device);
  EXPECT_TRUE(device.error().text.starts_with("not on a FUSE mount: see 'findmnt"));
}

TEST_F(NamespacesTest, AProcessThatMayNotBeLookedAtIsLeftOut) {
  root_.write("proc/50/comm", "x");
  process("60", 3, kRoot + fuse_line(43, "/data"));
  EXPECT_TRUE(advice("/data").starts_with("in the mount namespace of PID 60"));
}

}  // namespace
}  // namespace fusescope

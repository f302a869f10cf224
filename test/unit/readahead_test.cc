// SPDX-License-Identifier: Apache-2.0
#include "agent/host/readahead.h"

#include <gtest/gtest.h>

#include "agent/host/mountinfo.h"
#include "test/unit/temporary_directory.h"

namespace fusescope {
namespace {

TEST(Readahead, IsReadFromTheBackingDeviceInKibibytes) {
  const TemporaryDirectory sys;
  sys.write("class/bdi/0:41/read_ahead_kb", "128\n");
  EXPECT_EQ(readahead_bytes(kernel_device(0, 41), sys.path()), 128U * 1024);
}

TEST(Readahead, IsThatOfTheDeviceWithThisMajorAndMinor) {
  const TemporaryDirectory sys;
  sys.write("class/bdi/8:1-fuseblk/read_ahead_kb", "4\n");
  sys.write("class/bdi/0:1/read_ahead_kb", "8\n");
  sys.write("class/bdi/4095:1048575-fuseblk/read_ahead_kb", "16\n");
  EXPECT_EQ(readahead_bytes(kernel_device(8, 1), sys.path()), 4096U);
  EXPECT_EQ(readahead_bytes(kernel_device(0, 1), sys.path()), 8192U);
  EXPECT_EQ(readahead_bytes(kernel_device(4095, 1048575), sys.path()), 16384U);
}

// The block device that a mount of fuseblk is on has a window of its own, which is not the mount's.
TEST(Readahead, IsTheMountsAndNotThatOfItsBlockDevice) {
  const TemporaryDirectory sys;
  sys.write("class/bdi/7:0/read_ahead_kb", "2560\n");
  EXPECT_FALSE(readahead_bytes(kernel_device(7, 0), sys.path()));
  sys.write("class/bdi/7:0-fuseblk/read_ahead_kb", "128\n");
  EXPECT_EQ(readahead_bytes(kernel_device(7, 0), sys.path()), 128U * 1024);
}

TEST(Readahead, MayBeZeroOrMoreThanFourGibibytes) {
  const TemporaryDirectory sys;
  sys.write("class/bdi/0:1/read_ahead_kb", "0\n");
  sys.write("class/bdi/0:2/read_ahead_kb", "8388608\n");
  EXPECT_EQ(readahead_bytes(kernel_device(0, 1), sys.path()), 0U);
  EXPECT_EQ(readahead_bytes(kernel_device(0, 2), sys.path()), std::uint64_t{8} << 30);
}

TEST(Readahead, IsNotKnownWithoutAFile) {
  const TemporaryDirectory sys;
  EXPECT_FALSE(readahead_bytes(kernel_device(0, 41), sys.path()));
  EXPECT_FALSE(readahead_bytes(kernel_device(0, 41), sys.path() + "/nowhere"));
}

TEST(Readahead, IsNotKnownFromAFileWithoutANumber) {
  const TemporaryDirectory sys;
  sys.write("class/bdi/0:1/read_ahead_kb", "");
  sys.write("class/bdi/0:2/read_ahead_kb", "many\n");
  sys.write("class/bdi/0:3/read_ahead_kb", "99999999999999999999999\n");
  sys.write("class/bdi/0:4/read_ahead_kb/directory", "");
  for (const std::uint32_t minor : {1U, 2U, 3U, 4U}) {
    EXPECT_FALSE(readahead_bytes(kernel_device(0, minor), sys.path())) << minor;
  }
}

}  // namespace
}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/web/watched_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstring>
#include <string>

#include "agent/base/unique_fd.h"
#include "test/unit/temporary_directory.h"

namespace fusescope {
namespace {

class WatchedFileTest : public testing::Test {
 protected:
  // As long ago as a file that nobody has touched for a while: its times tell of each change.
  void age() const {
    const timespec old[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
    ::utimensat(AT_FDCWD, path().c_str(), old, 0);
  }
  [[nodiscard]] std::string path() const { return directory_.path() + "/file"; }

  TemporaryDirectory directory_;
  WatchedFile file_{path(), 1024};
};

TEST_F(WatchedFileTest, ChangesWithWhatIsInIt) {
  directory_.write("file", "one");
  EXPECT_EQ(file_.read(), "one");
  EXPECT_FALSE(file_.has_changed());
  directory_.write("file", "two");
  EXPECT_TRUE(file_.has_changed());
  EXPECT_FALSE(file_.has_changed()) << "it is told once";
}

TEST_F(WatchedFileTest, SeesAWriteThatLeavesTheTimeOfWriting) {
  directory_.write("file", "one");
  age();
  EXPECT_EQ(file_.read(), "one");
  directory_.write("file", "two");
  age();
  EXPECT_TRUE(file_.has_changed());
}

// As one within the same tick of the kernel's clock. Here: to memory that is mapped, which takes
// its time when it is first written to.
TEST_F(WatchedFileTest, SeesAWriteThatLeavesAllTimes) {
  directory_.write("file", "one");
  const UniqueFd file(::open(path().c_str(), O_RDWR | O_CLOEXEC));
  void* mapped = ::mmap(nullptr, 3, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  ASSERT_NE(mapped, MAP_FAILED);
  std::memcpy(mapped, "two", 3);
  EXPECT_EQ(file_.read(), "two");
  struct stat before{};
  ::fstat(file.get(), &before);
  std::memcpy(mapped, "ten", 3);
  struct stat after{};
  ::fstat(file.get(), &after);
  EXPECT_EQ(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
  EXPECT_TRUE(file_.has_changed());
  ::munmap(mapped, 3);
}

TEST_F(WatchedFileTest, IsTheSameWhenOnlyItsTimesHaveChanged) {
  directory_.write("file", "one");
  file_.read();
  age();
  EXPECT_FALSE(file_.has_changed());
  directory_.remove("file");
  directory_.write("file", "one");
  EXPECT_FALSE(file_.has_changed()) << "another inode";
}

TEST_F(WatchedFileTest, ComesGoesAndIsReplaced) {
  EXPECT_FALSE(file_.read());
  EXPECT_FALSE(file_.has_changed());
  directory_.write("file", "one");
  EXPECT_TRUE(file_.has_changed());
  directory_.remove("file");
  EXPECT_TRUE(file_.has_changed());
  directory_.write("other", "one");
  directory_.link("file", "other");
  EXPECT_TRUE(file_.has_changed());
  EXPECT_EQ(file_.read(), "one");
}

TEST_F(WatchedFileTest, RefusesWhatHasNoEnd) {
  directory_.write("file", std::string(1024, 'x'));
  EXPECT_TRUE(file_.read());
  directory_.write("file", std::string(1025, 'x'));
  EXPECT_TRUE(file_.has_changed());
  EXPECT_EQ(file_.read().error().text, "read " + path() + ": it is larger than 1 KiB");
  directory_.remove("file");
  directory_.link("file", "/dev/zero");
  EXPECT_EQ(file_.read().error().text, "read " + path() + ": it is no regular file");
  directory_.remove("file");
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  EXPECT_EQ(file_.read().error().text, "read " + path() + ": it is no regular file");
}

}  // namespace
}  // namespace fusescope

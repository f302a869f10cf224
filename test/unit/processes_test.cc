// SPDX-License-Identifier: Apache-2.0
#include "agent/host/processes.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "temporary_directory.h"

namespace fusescope {
namespace {

TEST(Processes, KnowTheProcessOfAnId) {
  EXPECT_EQ(process_of(getpid()), getpid());
  EXPECT_EQ(process_of(gettid()), getpid());
}

TEST(Processes, FailForAnIdOfNone) {
  for (const pid_t id : {4194305, 0, -1}) {
    const auto process = process_of(id);
    ASSERT_FALSE(process);
    EXPECT_EQ(process.error().text, "no process " + std::to_string(id) + ": see 'ps -e'");
  }
}

TEST(Processes, AreListedByNumber) {
  const TemporaryDirectory root;
  for (const char* name : {"10", "9", "100", "1a", "self", "0"}) {
    root.write(std::string("proc/") + name + "/stat", "");
  }
  EXPECT_EQ(all_processes(root.path()), (std::vector<pid_t>{9, 10, 100}));
  EXPECT_TRUE(all_processes(root.path() + "/nowhere").empty());
  EXPECT_TRUE(std::ranges::binary_search(all_processes(), getpid()));
}

TEST(Processes, KnowTheDescendants) {
  const TemporaryDirectory root;
  root.write("proc/10/stat", "10 (sh) S 1 10");
  root.write("proc/11/stat", "11 (a) b) S 10 10");
  root.write("proc/12/stat", "12 (S 10) S 11 10");
  root.write("proc/13/stat", "13 (other) S 1 10");
  root.write("proc/14/stat", "14 (sh) S 10 10");
  root.write("proc/self/stat", "10 (sh) S 1 10");
  auto found = descendants_of(10, root.path());
  std::ranges::sort(found);
  EXPECT_EQ(found, (std::vector<pid_t>{11, 12, 14}));
  EXPECT_TRUE(descendants_of(99, root.path()).empty());
}

TEST(Processes, DoNotWalkInCircles) {
  const TemporaryDirectory root;
  root.write("proc/10/stat", "10 (sh) S 11 10");
  root.write("proc/11/stat", "11 (sh) S 10 10");
  EXPECT_EQ(descendants_of(10, root.path()), std::vector<pid_t>{11});
}

}  // namespace
}  // namespace fusescope

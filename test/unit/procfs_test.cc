// SPDX-License-Identifier: Apache-2.0
#include "agent/host/procfs.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "agent/host/mountinfo.h"
#include "temporary_directory.h"

namespace fusescope {
namespace {

TEST(Procfs, IsReadToItsEnd) {
  const auto text = read_procfs("/proc/self/mountinfo");
  ASSERT_TRUE(text) << text.error().text;
  const MountTable table = parse_mountinfo(*text);
  EXPECT_FALSE(table.mounts.empty());
  EXPECT_EQ(table.malformed_lines, 0U);
}

TEST(Procfs, GivesALargeFile) {
  const TemporaryDirectory directory;
  const std::string large(5'000'000, 'a');
  directory.write("large", large);
  const auto text = read_procfs(directory.path() + "/large");
  ASSERT_TRUE(text) << text.error().text;
  EXPECT_TRUE(*text == large);
}

TEST(Procfs, NamesThePathThatCannotBeRead) {
  EXPECT_EQ(read_procfs("/proc/0/mountinfo").error().text,
            "open /proc/0/mountinfo: No such file or directory");
  EXPECT_EQ(read_procfs("/proc").error().text, "read /proc: Is a directory");
}

// As it does when a process is gone meanwhile, the kernel opens this and refuses to read it.
TEST(Procfs, SaysThatReadingFails) {
  EXPECT_EQ(read_procfs("/proc/self/mem").error().text, "read /proc/self/mem: Input/output error");
}

TEST(Procfs, GivesALineOrANumber) {
  const TemporaryDirectory directory;
  directory.write("number", "-12\nsecond\n");
  directory.write("word", "12 many\n");
  directory.write("huge", "99999999999999999999\n");
  directory.write("empty", "");
  EXPECT_EQ(procfs_line(directory.path() + "/word"), "12 many");
  EXPECT_EQ(procfs_number(directory.path() + "/number"), -12);
  for (const char* name : {"/word", "/huge", "/empty", "/none", ""}) {
    EXPECT_FALSE(procfs_number(directory.path() + name)) << name;
  }
  EXPECT_FALSE(procfs_line(directory.path() + "/empty"));
  EXPECT_FALSE(procfs_line("/proc/self/mem"));
}

TEST(Procfs, ListsADirectory) {
  const TemporaryDirectory directory;
  directory.write("a", "");
  directory.write("b/c", "");
  auto names = list_procfs(directory.path());
  ASSERT_TRUE(names) << names.error().text;
  std::ranges::sort(*names);
  EXPECT_EQ(*names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(list_procfs("/proc/0/fd").error().text, "open /proc/0/fd: No such file or directory");
}

// Of a process that has ended and is not waited for: proc_tgid_net_readdir(), fs/proc/proc_net.c.
TEST(Procfs, SaysThatListingFails) {
  const pid_t process = fork();
  if (process == 0) _exit(0);
  siginfo_t ended{};
  waitid(P_PID, static_cast<id_t>(process), &ended, WEXITED | WNOWAIT);
  const std::string directory = "/proc/" + std::to_string(process) + "/net";
  const auto names = list_procfs(directory);
  waitpid(process, nullptr, 0);
  ASSERT_FALSE(names);
  EXPECT_TRUE(names.error().text.starts_with("list " + directory + ": ")) << names.error().text;
}

}  // namespace
}  // namespace fusescope

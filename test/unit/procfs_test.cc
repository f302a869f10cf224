// SPDX-License-Identifier: Apache-2.0
#include "agent/host/procfs.h"

#include <gtest/gtest.h>

#include <string>

#include "agent/host/mountinfo.h"
#include "temporary_folder.h"

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
  const TemporaryFolder folder;
  const std::string large(5'000'000, 'a');
  folder.write("large", large);
  const auto text = read_procfs(folder.path() + "/large");
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

}  // namespace
}  // namespace fusescope

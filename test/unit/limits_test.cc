// SPDX-License-Identifier: Apache-2.0
#include "agent/model/limits.h"

#include <gtest/gtest.h>

#include "agent/host/host_limits.h"
#include "test/unit/judged_mount.h"
#include "test/unit/temporary_directory.h"

namespace fusescope {
namespace {

Binding binding(const MountSnapshot& mount, fusescope_op op, fusescope_mode mode) {
  return binding_of(mount, op, mode, default_host()).value();
}

TEST(Limits, MaxPagesBindsAndTheCapIsNext) {
  const Binding found = binding(judged_mount(32), FUSESCOPE_READ, FUSESCOPE_DIRECT);
  EXPECT_EQ(found.limit, Limit::max_pages);
  EXPECT_EQ(found.bytes, 32 * kPage);
  EXPECT_EQ(found.next, Limit::max_read);
  EXPECT_EQ(found.next_bytes, 1U << 20);
}

TEST(Limits, OfEqualLimitsMaxPagesIsNamed) {
  const Binding found = binding(judged_mount(256), FUSESCOPE_WRITE, FUSESCOPE_DIRECT);
  EXPECT_EQ(found.limit, Limit::max_pages);
  EXPECT_EQ(found.next, Limit::max_write);
}

TEST(Limits, EachOperationHasItsOwnCap) {
  const MountSnapshot mount = judged_mount(256, 64 << 10, 128 << 10);
  EXPECT_EQ(binding(mount, FUSESCOPE_READ, FUSESCOPE_DIRECT).limit, Limit::max_read);
  EXPECT_EQ(binding(mount, FUSESCOPE_WRITE, FUSESCOPE_DIRECT).limit, Limit::max_write);
  EXPECT_EQ(binding(mount, FUSESCOPE_WRITE, FUSESCOPE_DIRECT).bytes, 128U << 10);
}

TEST(Limits, ReadaheadBindsBufferedReadsOnly) {
  const MountSnapshot mount = judged_mount(256);
  EXPECT_EQ(binding(mount, FUSESCOPE_READ, FUSESCOPE_BUFFERED).limit, Limit::readahead);
  EXPECT_EQ(binding(mount, FUSESCOPE_READ, FUSESCOPE_DIRECT).limit, Limit::max_pages);
  EXPECT_EQ(binding(mount, FUSESCOPE_WRITE, FUSESCOPE_BUFFERED).limit, Limit::max_pages);
}

TEST(Limits, WithoutBigWritesABufferedWriteIsOnePage) {
  MountSnapshot mount = judged_mount(256);
  mount.limits->big_writes = 0;
  const Binding found = binding(mount, FUSESCOPE_WRITE, FUSESCOPE_BUFFERED);
  EXPECT_EQ(found.limit, Limit::no_big_writes);
  EXPECT_EQ(found.bytes, kPage);
  EXPECT_EQ(binding(mount, FUSESCOPE_WRITE, FUSESCOPE_DIRECT).limit, Limit::max_pages);
}

TEST(Limits, BufferedCapsAreWholePages) {
  const MountSnapshot mount = judged_mount(256, 100'000, 1000);
  EXPECT_EQ(binding(mount, FUSESCOPE_READ, FUSESCOPE_BUFFERED).bytes, 24 * kPage);
  EXPECT_EQ(binding(mount, FUSESCOPE_WRITE, FUSESCOPE_BUFFERED).bytes, kPage);
  EXPECT_EQ(binding(mount, FUSESCOPE_WRITE, FUSESCOPE_DIRECT).bytes, 1000U);
}

TEST(Limits, NothingBeforeInitIsAnswered) {
  MountSnapshot mount = judged_mount(256);
  mount.limits->initialized = 0;
  EXPECT_FALSE(binding_of(mount, FUSESCOPE_READ, FUSESCOPE_DIRECT, default_host()));
  mount.limits.reset();
  EXPECT_FALSE(binding_of(mount, FUSESCOPE_READ, FUSESCOPE_DIRECT, default_host()));
}

TEST(Limits, TheHostsMaximumIsThatOfItsSetting) {
  const MountSnapshot mount = judged_mount(256);
  EXPECT_TRUE(is_hosts_maximum(FUSESCOPE_CAUSE_MAX_PAGES, mount, HostLimits{}));
  EXPECT_FALSE(is_hosts_maximum(FUSESCOPE_CAUSE_MAX_PAGES, mount, {.max_pages_limit = 512}));
  EXPECT_TRUE(is_hosts_maximum(FUSESCOPE_CAUSE_MAX_READ, mount, default_host()));
  EXPECT_FALSE(is_hosts_maximum(FUSESCOPE_CAUSE_PAGE_SLOTS, mount, default_host()));
}

constexpr const char* kLimitFile = "proc/sys/fs/fuse/max_pages_limit";

TEST(HostLimits, AreReadWhereThereIsASetting) {
  const TemporaryDirectory root;
  root.write(kLimitFile, "1024\n");
  const HostLimits host = read_host_limits(root.path());
  EXPECT_EQ(host.most_pages(), 1024U);
  EXPECT_EQ(host.most_bytes(), 1024 * host.page_bytes);
  EXPECT_EQ(guess_of(host), "");
}

TEST(HostLimits, Are256PagesWhereTheKernelHasNoSetting) {
  const TemporaryDirectory root;
  root.write("proc/sys/fs/file-max", "1\n");
  const HostLimits host = read_host_limits(root.path());
  EXPECT_FALSE(host.max_pages_limit);
  EXPECT_EQ(host.most_pages(), 256U);
  EXPECT_EQ(guess_of(host), "");
}

TEST(HostLimits, AreAGuessWhereNoSettingCanBeSeen) {
  const TemporaryDirectory root;
  const HostLimits host = read_host_limits(root.path());
  EXPECT_EQ(host.most_pages(), 256U);
  EXPECT_EQ(guess_of(host),
            "read /proc/sys/fs/fuse/max_pages_limit: No such file or directory: 256 pages are "
            "taken for the largest request of this host");
}

TEST(HostLimits, AreAGuessWhereTheSettingIsNoNumberOfPages) {
  const TemporaryDirectory root;
  for (const char* text : {"", "\n", "0\n", "many\n", "-1\n", "256 pages\n", "65536\n",
                           "99999999999999999999999999999999999999\n"}) {
    root.write(kLimitFile, text);
    const HostLimits host = read_host_limits(root.path());
    EXPECT_FALSE(host.max_pages_limit) << text;
    EXPECT_EQ(host.most_pages(), 256U) << text;
    EXPECT_NE(guess_of(host).find("is no number of pages: 256"), std::string::npos) << text;
  }
  root.remove(kLimitFile);
  root.write(std::string(kLimitFile) + "/directory", "");
  EXPECT_NE(guess_of(read_host_limits(root.path())).find("Is a directory"), std::string::npos);
}

}  // namespace
}  // namespace fusescope

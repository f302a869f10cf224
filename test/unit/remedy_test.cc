// SPDX-License-Identifier: Apache-2.0
#include "agent/model/remedy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <regex>
#include <set>

#include "agent/model/names.h"
#include "agent/model/remedy_table.h"
#include "test/unit/judged_mount.h"

namespace fusescope {
namespace {

std::string remedy(fusescope_cause cause, const MountSnapshot& mount,
                   const HostLimits& host = default_host(), fusescope_op op = FUSESCOPE_READ,
                   fusescope_mode mode = FUSESCOPE_DIRECT) {
  return remedy_for(cause, op, mode, mount, host);
}

MountSnapshot of_type(const std::string& fstype, MountSnapshot mount) {
  mount.identity.fstype = fstype;
  return mount;
}

TEST(RemedyTable, EveryCauseHasAGeneralRowAfterThoseOfItsDaemons) {
  for (int i = 0; i < FUSESCOPE_CAUSES; i++) {
    const auto cause = static_cast<fusescope_cause>(i);
    const RemedyRow* general = find_remedy(cause, "fuse.nobody-knows-it");
    ASSERT_NE(general, nullptr) << name_of(cause);
    EXPECT_TRUE(general->fstype.empty());
    EXPECT_EQ(std::ranges::count_if(
                  remedy_table(),
                  [&](const RemedyRow& row) { return row.cause == cause && &row > general; }),
              0)
        << name_of(cause);
  }
}

TEST(RemedyTable, EveryRowHasASourceAndNoUnknownPlaceholder) {
  const std::regex placeholder(R"(\{(\w+)\})");
  const std::set<std::string> known = {"pages", "bytes", "kib", "queue", "device"};
  for (const RemedyRow& row : remedy_table()) {
    EXPECT_FALSE(row.source.empty()) << row.advice;
    const std::string advice(row.advice);
    for (std::sregex_iterator at(advice.begin(), advice.end(), placeholder), end; at != end; ++at) {
      EXPECT_TRUE(known.contains((*at)[1])) << row.advice;
    }
  }
}

TEST(Remedy, NamesTheMountThePresentValueAndTheOneToSet) {
  EXPECT_EQ(
      remedy(FUSESCOPE_CAUSE_MAX_PAGES, judged_mount(32)),
      "/mnt/a, direct reads: max_pages is 32: the daemon must negotiate max_pages=256 "
      "(FUSE_MAX_PAGES; libfuse 3 derives it from conn->max_write=1048576), then mount again");
  EXPECT_EQ(remedy(FUSESCOPE_CAUSE_MAX_READ, judged_mount(256, 65536)),
            "/mnt/a, direct reads: max_read is 65536: mount with -o max_read=1048576, and have the "
            "daemon set the same at INIT (libfuse: conn->max_read): the kernel knows the option only, "
            "and libfuse 3 refuses to mount where the two differ");
}

TEST(Remedy, KnowsDaemons) {
  const MountSnapshot few_pages = judged_mount(32);
  EXPECT_NE(remedy(FUSESCOPE_CAUSE_MAX_PAGES, of_type("fuse.juicefs", few_pages))
                .find("--max-fuse-io=1024K"),
            std::string::npos);
  EXPECT_NE(remedy(FUSESCOPE_CAUSE_MAX_READ, of_type("fuse.glusterfs", judged_mount(256, 131072)))
                .find("libgfapi"),
            std::string::npos);
  EXPECT_NE(remedy(FUSESCOPE_CAUSE_MAX_PAGES, of_type("fuse.sshfs", few_pages)).find("libfuse 3"),
            std::string::npos);
}

TEST(Remedy, AVirtiofsQueueHoldsThePages) {
  const std::string text =
      remedy(FUSESCOPE_CAUSE_MAX_PAGES, of_type("virtiofs", judged_mount(124)));
  EXPECT_NE(text.find("queue-size=512"), std::string::npos) << text;
  const std::string of_larger_host = remedy(
      FUSESCOPE_CAUSE_MAX_PAGES, of_type("virtiofs", judged_mount(124)), {.max_pages_limit = 4096});
  EXPECT_NE(of_larger_host.find("queue-size=1024"), std::string::npos) << of_larger_host;
  EXPECT_NE(of_larger_host.find("1020 at most"), std::string::npos) << of_larger_host;
}

TEST(Remedy, ReadaheadNamesTheDeviceAndWhatOneRequestCarries) {
  const std::string text = remedy(FUSESCOPE_CAUSE_READAHEAD_WINDOW, judged_mount(64),
                                  default_host(), FUSESCOPE_READ, FUSESCOPE_BUFFERED);
  EXPECT_NE(text.find("read_ahead_kb is 128"), std::string::npos) << text;
  EXPECT_NE(text.find("echo 256 > /sys/class/bdi/5:7/read_ahead_kb"), std::string::npos) << text;
}

TEST(Remedy, AtTheHostsLimitTheHostComesFirst) {
  const std::string text = remedy(FUSESCOPE_CAUSE_MAX_PAGES, judged_mount(256));
  EXPECT_NE(text.find("sysctl fs.fuse.max_pages_limit=1024 (now 256)"), std::string::npos) << text;
  const std::string of_older = remedy(FUSESCOPE_CAUSE_MAX_PAGES, judged_mount(256), HostLimits{});
  EXPECT_NE(of_older.find("this kernel allows no more (256 pages, 1048576 bytes)"), std::string::npos) << of_older;
}

TEST(Remedy, NamesOfAnyBytesAreMadeText) {
  MountSnapshot mount = judged_mount(32);
  mount.identity.mountpoint = "/mnt/\xff";
  EXPECT_TRUE(remedy(FUSESCOPE_CAUSE_MAX_PAGES, mount).starts_with("/mnt/\\xff, "));
}

TEST(Remedy, UnalignedBuffersGetMoreSlotsOnlyWhereThereCanBeMore) {
  EXPECT_NE(remedy(FUSESCOPE_CAUSE_PAGE_SLOTS, judged_mount(32)).find("raise max_pages to 256"),
            std::string::npos);
  EXPECT_EQ(remedy(FUSESCOPE_CAUSE_PAGE_SLOTS, judged_mount(256)).find("raise max_pages"),
            std::string::npos);
}

// For every daemon, cause and host: a text for the mount, and no value that the host refuses. The
// only larger one is that of the host's own setting.
TEST(Remedy, AdvisesNothingThatTheHostRefuses) {
  std::mt19937 random(1);
  const std::regex advised(R"((max_pages=|max_write=|max_read=|negotiate max_pages=)(\d+))");
  for (const RemedyRow& row : remedy_table()) {
    for (int i = 0; i < 200; i++) {
      const HostLimits host = {.page_bytes = kPage, .max_pages_limit = 1 + random() % 65535};
      const auto pages = static_cast<std::uint32_t>(1 + random() % host.most_pages());
      const MountSnapshot mount = of_type(row.fstype.empty() ? "fuse.x" : std::string(row.fstype),
                                          judged_mount(pages, static_cast<std::uint32_t>(random()),
                                                       static_cast<std::uint32_t>(random())));
      const std::string text = remedy(row.cause, mount, host);
      EXPECT_TRUE(text.starts_with("/mnt/a, ")) << text;
      EXPECT_EQ(text.find('{'), std::string::npos) << text;
      if (text.find("fs.fuse.max_pages_limit=") != std::string::npos) continue;
      for (std::sregex_iterator at(text.begin(), text.end(), advised), end; at != end; ++at) {
        const std::uint64_t most =
            (*at)[1].str().ends_with("max_pages=") ? host.most_pages() : host.most_bytes();
        EXPECT_LE(std::stoull((*at)[2]), most) << text;
      }
    }
  }
}

}  // namespace
}  // namespace fusescope

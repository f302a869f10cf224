// SPDX-License-Identifier: Apache-2.0
#include "agent/model/remedy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <regex>
#include <set>
#include <utility>
#include <vector>

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
    const RemedyRow* general = find_remedy(cause, "nobody-knows-it");
    ASSERT_NE(general, nullptr) << name_of(cause);
    EXPECT_TRUE(general->daemon.empty());
    EXPECT_EQ(general->way, Way::open);
    EXPECT_EQ(std::ranges::count_if(
                  remedy_table(),
                  [&](const RemedyRow& row) { return row.cause == cause && &row > general; }),
              0)
        << name_of(cause);
  }
}

TEST(RemedyTable, EveryRowHasASourceAndNoUnknownPlaceholder) {
  const std::regex placeholder(R"(\{(\w+)\})");
  const std::set<std::string> known = {"pages", "bytes",  "kib", "buffer",
                                       "queue", "device", "page"};
  for (const RemedyRow& row : remedy_table()) {
    EXPECT_FALSE(row.source.empty()) << row.advice;
    const std::string advice = std::string(row.advice) + std::string(row.beyond);
    for (std::sregex_iterator at(advice.begin(), advice.end(), placeholder), end; at != end; ++at) {
      EXPECT_TRUE(known.contains((*at)[1])) << row.advice;
    }
  }
}

// Nothing is added to it, so that what it says has to be all.
TEST(RemedyTable, AClosedWayHasNoValueToSet) {
  for (const RemedyRow& row : remedy_table()) {
    if (row.way != Way::closed) continue;
    EXPECT_EQ(row.advice.find_first_of("{}="), std::string_view::npos) << row.advice;
    EXPECT_TRUE(row.advice.contains(" has no option for ")) << row.advice;
    EXPECT_TRUE(row.beyond.empty()) << row.advice;
  }
}

TEST(Remedy, NamesTheMountThePresentValueAndTheOneToSet) {
  EXPECT_EQ(
      remedy(FUSESCOPE_CAUSE_MAX_PAGES, judged_mount(32)),
      "/mnt/a, direct reads: max_pages is 32: the daemon must negotiate max_pages=256 "
      "(FUSE_MAX_PAGES; libfuse 3 derives it from conn->max_write=1048576), then mount again");
  EXPECT_EQ(
      remedy(FUSESCOPE_CAUSE_MAX_READ, judged_mount(256, 65536)),
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
  EXPECT_NE(text.find("echo 256 > /sys/class/bdi/0:7/read_ahead_kb"), std::string::npos) << text;
}

TEST(Remedy, AtTheHostsLimitTheHostComesFirst) {
  const std::string text = remedy(FUSESCOPE_CAUSE_MAX_PAGES, judged_mount(256));
  EXPECT_NE(text.find("sysctl fs.fuse.max_pages_limit=1024 (now 256)"), std::string::npos) << text;
  const std::string of_older = remedy(FUSESCOPE_CAUSE_MAX_PAGES, judged_mount(256), HostLimits{});
  EXPECT_NE(of_older.find("this kernel allows no more (256 pages, 1048576 bytes)"),
            std::string::npos)
      << of_older;
}

TEST(Remedy, KnowsADaemonWithoutASubtypeByItsSource) {
  MountSnapshot mount = of_type("fuse", judged_mount(32));
  mount.identity.source = "mountpoint-s3";
  EXPECT_NE(remedy(FUSESCOPE_CAUSE_MAX_PAGES, mount).find("mount-s3"), std::string::npos);
  mount.identity.source = "/srv/data";
  EXPECT_NE(remedy(FUSESCOPE_CAUSE_MAX_PAGES, mount).find("the daemon must negotiate"),
            std::string::npos);
}

TEST(Remedy, AfterTheHostTheDaemonIsToldTheNewValue) {
  const auto full = [](const char* fstype) {
    return remedy(FUSESCOPE_CAUSE_MAX_PAGES, of_type(fstype, judged_mount(256)));
  };
  EXPECT_EQ(full("fuse.x"),
            "/mnt/a, direct reads: max_pages is 256: the host allows no more: sysctl "
            "fs.fuse.max_pages_limit=1024 (now 256), then the daemon must negotiate max_pages=1024 "
            "(FUSE_MAX_PAGES; libfuse 3 derives it from conn->max_write=4194304), then mount again "
            "(more than 256 pages need libfuse 3.17)");
  EXPECT_NE(full("virtiofs").find("queue-size=1024"), std::string::npos) << full("virtiofs");
  EXPECT_EQ(full("virtiofs").find("libfuse"), std::string::npos) << full("virtiofs");
  EXPECT_EQ(full("fuse.glusterfs").find("sysctl"), std::string::npos) << full("fuse.glusterfs");
}

TEST(Remedy, NoKernelAllowsMoreThanTheSettingsRange) {
  const HostLimits host = {.page_bytes = kPage, .max_pages_limit = 65535};
  const std::string text = remedy(FUSESCOPE_CAUSE_MAX_PAGES, judged_mount(65535), host);
  EXPECT_NE(text.find("no kernel allows more"), std::string::npos) << text;
}

TEST(Remedy, TheLargestVirtqueueIsNotAdvisedAgain) {
  const std::string text =
      remedy(FUSESCOPE_CAUSE_MAX_PAGES, of_type("virtiofs", judged_mount(1020)),
             {.max_pages_limit = 4096});
  EXPECT_EQ(text.find("queue-size"), std::string::npos) << text;
  EXPECT_NE(text.find("no queue of more than 1024"), std::string::npos) << text;
}

TEST(Remedy, NamesTheLimitThatBindsNext) {
  const std::string text = remedy(FUSESCOPE_CAUSE_MAX_READ, judged_mount(32, 65536));
  EXPECT_TRUE(text.ends_with("; max_pages would be next, at 131072 bytes")) << text;
  EXPECT_EQ(remedy(FUSESCOPE_CAUSE_MAX_READ, judged_mount(256, 65536)).find("next"),
            std::string::npos);
}

// libfuse derives max_pages from max_write, so that it is not what stops the next request.
TEST(Remedy, NamesNoNextLimitThatIsRaisedWithThisOne) {
  const std::string text = remedy(FUSESCOPE_CAUSE_MAX_PAGES, judged_mount(32, 1U << 20, 131072),
                                  default_host(), FUSESCOPE_WRITE);
  EXPECT_NE(text.find("conn->max_write=1048576"), std::string::npos) << text;
  EXPECT_EQ(text.find("next"), std::string::npos) << text;
  const std::string of_juicefs =
      remedy(FUSESCOPE_CAUSE_MAX_PAGES, of_type("fuse.juicefs", judged_mount(32, 131072)));
  EXPECT_EQ(of_juicefs.find("next"), std::string::npos) << of_juicefs;
}

TEST(Remedy, KnowsADaemonByItsCommand) {
  MountSnapshot mount = of_type("fuse", judged_mount(32, 16384, 16321));
  mount.daemon = "mount.davfs";
  EXPECT_EQ(remedy(FUSESCOPE_CAUSE_MAX_READ, mount),
            "/mnt/a, direct reads: max_read is 16384: set buf_size 136 in davfs2.conf, then mount "
            "again (davfs2 takes -o max_read, and ignores it)");
  mount.daemon = "bindfs";
  mount.limits->big_writes = 0;
  mount.limits->max_write = 131072;
  EXPECT_EQ(remedy(FUSESCOPE_CAUSE_NO_BIG_WRITES, mount, default_host(), FUSESCOPE_WRITE,
                   FUSESCOPE_BUFFERED),
            "/mnt/a, buffered writes: big_writes is off: mount with -o big_writes, then a request "
            "carries up to 131072 bytes");
}

TEST(Remedy, AnOptionThatIsIgnoredOnASmallVolumeIsSaidToBe) {
  MountSnapshot mount = of_type("fuseblk", judged_mount(32, 131072, 131072));
  mount.daemon = "mount.ntfs-3g";
  const std::string text = remedy(FUSESCOPE_CAUSE_NO_BIG_WRITES, mount, default_host(),
                                  FUSESCOPE_WRITE, FUSESCOPE_BUFFERED);
  EXPECT_NE(text.find("-o big_writes"), std::string::npos) << text;
  EXPECT_NE(text.find("below 4 GiB"), std::string::npos) << text;
}

TEST(Remedy, ReadaheadOfABlockDevicesMountIsNotTheDevices) {
  MountSnapshot mount = judged_mount(256);
  mount.identity.device = 7U << 20 | 3;
  const std::string text = remedy(FUSESCOPE_CAUSE_READAHEAD_WINDOW, mount, default_host(),
                                  FUSESCOPE_READ, FUSESCOPE_BUFFERED);
  EXPECT_NE(text.find("echo 1024 > /sys/class/bdi/7:3-fuseblk/read_ahead_kb"), std::string::npos)
      << text;
}

// What one request carries is what is to be raised then, if it can be.
TEST(Remedy, AWindowThatIsLargeEnoughLeadsToTheLimitOfRequests) {
  const auto window = [](const char* fstype) {
    return remedy(FUSESCOPE_CAUSE_READAHEAD_WINDOW, of_type(fstype, judged_mount(32)),
                  default_host(), FUSESCOPE_READ, FUSESCOPE_BUFFERED);
  };
  const std::string begin =
      "/mnt/a, buffered reads: read_ahead_kb is 128: a larger window is of no use, one request "
      "carries 131072 bytes (max_pages is 32): ";
  EXPECT_TRUE(window("fuse.x").starts_with(begin + "the daemon must negotiate max_pages=256"))
      << window("fuse.x");
  EXPECT_TRUE(window("fuse.glusterfs").starts_with(begin + "glusterfs has no option"))
      << window("fuse.glusterfs");
}

TEST(Remedy, UnalignedBuffersGetNoMoreSlotsOfADaemonThatHasNoOptionForThem) {
  const std::string text =
      remedy(FUSESCOPE_CAUSE_PAGE_SLOTS, of_type("fuse.glusterfs", judged_mount(32)));
  EXPECT_NE(text.find("fill pages of 4096 bytes"), std::string::npos) << text;
  EXPECT_EQ(text.find("slots:"), std::string::npos) << text;
}

// Buffers may begin at a page, and fill none.
TEST(Remedy, BuffersSmallerThanAPageAreSaidToBe) {
  const HostLimits host = {.page_bytes = 16384, .max_pages_limit = 256};
  MountSnapshot mount = judged_mount(256);
  fusescope_io_stats& io = mount.counters.data.ops[FUSESCOPE_READ].io[FUSESCOPE_DIRECT];
  add_split(mount, FUSESCOPE_READ, FUSESCOPE_DIRECT, FUSESCOPE_CAUSE_PAGE_SLOTS, 2);
  io.bytes = 1 << 20;
  io.extra_segments = 255;
  const std::string text = remedy(FUSESCOPE_CAUSE_PAGE_SLOTS, mount, host);
  EXPECT_NE(text.find("fill pages of 16384 bytes"), std::string::npos) << text;
  EXPECT_NE(text.find("(these have 4096 bytes on average)"), std::string::npos) << text;
  io.bytes = 256 * 16384;
  EXPECT_EQ(remedy(FUSESCOPE_CAUSE_PAGE_SLOTS, mount, host).find("average"), std::string::npos);
}

// What another limit, for good, stops is not advised.
TEST(Remedy, NothingIsRaisedBeyondALimitWithoutAWayOut) {
  MountSnapshot mount = of_type("fuse", judged_mount(32, 131072, 135105));
  mount.daemon = "mount.davfs";
  const std::string text = remedy(FUSESCOPE_CAUSE_MAX_READ, mount);
  EXPECT_TRUE(text.starts_with("/mnt/a, direct reads: max_read is 131072: davfs2 has no option"))
      << text;
  mount.limits->max_read = 126976;
  EXPECT_NE(remedy(FUSESCOPE_CAUSE_MAX_READ, mount).find("buf_size 136 "), std::string::npos);
}

TEST(Remedy, SaysSoWhereTheLimitsAreNotKnown) {
  MountSnapshot mount = judged_mount(32);
  mount.limits.reset();
  const std::string text = remedy(FUSESCOPE_CAUSE_MAX_PAGES, mount);
  EXPECT_NE(text.find("limits are not known: the daemon must negotiate max_pages=256"),
            std::string::npos)
      << text;
}

// Seen with rclone 1.60: read_ahead_kb stays what it is.
TEST(Remedy, AWindowIsNotForTheDaemonToRaise) {
  const std::string text =
      remedy(FUSESCOPE_CAUSE_READAHEAD_WINDOW, of_type("fuse.rclone", judged_mount(64)));
  EXPECT_EQ(text.find("--max-read-ahead"), std::string::npos) << text;
  EXPECT_NE(text.find("echo 256 >"), std::string::npos) << text;
}

TEST(Remedy, AWindowIsNotAdvisedToShrink) {
  for (const char* fstype : {"fuse.x", "fuse.gcsfuse"}) {
    const std::string text =
        remedy(FUSESCOPE_CAUSE_READAHEAD_WINDOW, of_type(fstype, judged_mount(16)));
    EXPECT_EQ(text.find("echo"), std::string::npos) << text;
    EXPECT_EQ(text.find("--max"), std::string::npos) << text;
    EXPECT_NE(text.find("one request carries 65536 bytes"), std::string::npos) << text;
  }
}

TEST(Remedy, NothingIsNextWhereNothingCanBeSet) {
  const std::string text =
      remedy(FUSESCOPE_CAUSE_MAX_READ, of_type("fuse.glusterfs", judged_mount(32, 65536)));
  EXPECT_EQ(text.find("next"), std::string::npos) << text;
}

TEST(Remedy, AWindowIsWholePages) {
  MountSnapshot mount = judged_mount(64, 100'000);
  mount.readahead_bytes = 64 << 10;
  const std::string text = remedy(FUSESCOPE_CAUSE_READAHEAD_WINDOW, mount);
  EXPECT_NE(text.find("echo 96 >"), std::string::npos) << text;
}

TEST(Remedy, NamesOfAnyBytesAreMadeText) {
  MountSnapshot mount = judged_mount(32);
  mount.identity.mountpoint = "/mnt/\xff";
  EXPECT_TRUE(remedy(FUSESCOPE_CAUSE_MAX_PAGES, mount).starts_with("/mnt/\\xff, "));
}

TEST(Remedy, UnalignedBuffersGetMoreSlotsOnlyWhereThereCanBeMore) {
  EXPECT_NE(remedy(FUSESCOPE_CAUSE_PAGE_SLOTS, judged_mount(32))
                .find(", or have more slots: the daemon must negotiate max_pages=256"),
            std::string::npos);
  EXPECT_EQ(remedy(FUSESCOPE_CAUSE_PAGE_SLOTS, judged_mount(256)).find("more slots"),
            std::string::npos);
}

// All that a remedy may say, for every cause, daemon, operation and mode, on hosts of all kinds.
class AnyRemedy : public testing::Test {
 protected:
  struct Case {
    fusescope_cause cause;
    std::string daemon;
    fusescope_op op;
    fusescope_mode mode;
  };

  static std::set<std::string> daemons() {
    std::set<std::string> names = {"nobody-knows-it"};
    for (const RemedyRow& row : remedy_table()) {
      if (!row.daemon.empty()) names.emplace(row.daemon);
    }
    return names;
  }

  template <typename Check>
  void for_each_case(Check check) {
    for (int cause = 0; cause < FUSESCOPE_CAUSES; cause++) {
      for (const std::string& daemon : daemons()) {
        for (const fusescope_op op : {FUSESCOPE_READ, FUSESCOPE_WRITE}) {
          for (const fusescope_mode mode : {FUSESCOPE_DIRECT, FUSESCOPE_BUFFERED}) {
            if (!cause_applies(static_cast<fusescope_cause>(cause), op, mode)) continue;
            check(Case{static_cast<fusescope_cause>(cause), daemon, op, mode});
          }
        }
      }
    }
  }

  HostLimits any_host() {
    HostLimits host = {.page_bytes = kPage << (2 * (random_() % 3)), .max_pages_limit = {}};
    if (random_() % 4) host.max_pages_limit = 1 + random_() % (random_() % 2 ? 65535 : 512);
    return host;
  }

  // Its limits are such as the host would have let a daemon negotiate, or not known.
  MountSnapshot any_mount(const HostLimits& host) {
    MountSnapshot mount =
        judged_mount(static_cast<std::uint32_t>(random_() % 4 ? 1 + random_() % host.most_pages()
                                                              : host.most_pages()),
                     static_cast<std::uint32_t>(random_()), static_cast<std::uint32_t>(random_()));
    mount.limits->big_writes = random_() % 2;
    if (random_() % 8 == 0) mount.limits.reset();
    if (random_() % 8 == 0) mount.readahead_bytes.reset();
    return mount;
  }

  std::string any_text(const Case& each, const HostLimits& host) {
    return remedy_for(each.cause, each.op, each.mode,
                      of_type("fuse." + each.daemon, any_mount(host)), host);
  }

  std::mt19937 random_{1};
};

// The settings that a text advises, as pairs of their unit in bytes and the number.
std::vector<std::pair<std::uint64_t, std::uint64_t>> advised(const std::string& text,
                                                             const HostLimits& host) {
  struct Setting {
    std::regex pattern;
    std::uint64_t unit;
  };
  static const std::vector<Setting> settings = {
      {std::regex(R"((?:max_read=|max_write=|fuse_max_write = |carries up to )(\d+))"), 1},
      {std::regex(R"((?:--max-fuse-io=|--max-read-ahead-kb=|echo |request-size-kb=)(\d+))"), 1024},
      {std::regex(R"((?:max_pages=|FUSE_MAX_PAGES with |which are )(\d+))"), 0},
  };
  std::vector<std::pair<std::uint64_t, std::uint64_t>> found;
  for (const Setting& setting : settings) {
    for (std::sregex_iterator at(text.begin(), text.end(), setting.pattern), end; at != end; ++at) {
      found.emplace_back(setting.unit ? setting.unit : host.page_bytes, std::stoull((*at)[1]));
    }
  }
  return found;
}

// A text that says that nothing can be set.
bool is_closed(const std::string& text) { return text.contains(" has no option for "); }

std::optional<std::uint64_t> host_setting(const std::string& text) {
  static const std::regex setting(R"(sysctl fs\.fuse\.max_pages_limit=(\d+))");
  std::smatch found;
  if (!std::regex_search(text, found, setting)) return std::nullopt;
  return std::stoull(found[1]);
}

TEST_F(AnyRemedy, NamesTheMountAndLeavesNoPlaceholder) {
  for_each_case([&](const Case& each) {
    for (int i = 0; i < 20; i++) {
      const HostLimits host = any_host();
      const std::string text = any_text(each, host);
      EXPECT_TRUE(text.starts_with("/mnt/a, ")) << text;
      EXPECT_GT(text.size(), 40U) << text;
      EXPECT_EQ(text.find_first_of("{}\n"), std::string::npos) << text;
    }
  });
}

// The host's own setting may be raised, where it has one, as far as it goes.
TEST_F(AnyRemedy, AdvisesNothingThatTheHostRefuses) {
  std::size_t settings = 0;
  for_each_case([&](const Case& each) {
    for (int i = 0; i < 40; i++) {
      const HostLimits host = any_host();
      const std::string text = any_text(each, host);
      const auto raised = host_setting(text);
      if (raised) {
        EXPECT_TRUE(host.max_pages_limit && *raised > *host.max_pages_limit) << text;
        EXPECT_LE(*raised, 65535U) << text;
      }
      const std::uint64_t most = raised.value_or(host.most_pages()) * host.page_bytes;
      for (const auto& [unit, number] : advised(text, host)) {
        EXPECT_LE(unit * number, most) << text;
        settings++;
      }
    }
  });
  EXPECT_GT(settings, 5'000U);
}

// Where a limit is what splits, the text has the value that it has and one that is larger.
TEST_F(AnyRemedy, ShowsThePresentValueAndALargerOne) {
  const HostLimits host = default_host();
  const MountSnapshot mount = judged_mount(32, 65536, 32768);
  const std::map<fusescope_cause, std::pair<std::string, fusescope_op>> present = {
      {FUSESCOPE_CAUSE_MAX_PAGES, {"max_pages is 32", FUSESCOPE_READ}},
      {FUSESCOPE_CAUSE_MAX_READ, {"max_read is 65536", FUSESCOPE_READ}},
      {FUSESCOPE_CAUSE_MAX_WRITE, {"max_write is 32768", FUSESCOPE_WRITE}}};
  for (const std::string& daemon : daemons()) {
    for (const auto& [cause, value] : present) {
      const std::string text =
          remedy_for(cause, value.second, FUSESCOPE_DIRECT, of_type("fuse." + daemon, mount), host);
      EXPECT_NE(text.find(value.first), std::string::npos) << text;
      if (is_closed(text)) continue;
      const std::vector<std::pair<std::uint64_t, std::uint64_t>> settings = advised(text, host);
      const bool is_larger = std::ranges::any_of(
          settings, [](const auto& each) { return each.first * each.second >= 131072; });
      EXPECT_TRUE(is_larger || text.contains("buf_size 136 ")) << text;
    }
  }
}

TEST_F(AnyRemedy, IsEitherOpenOrClosed) {
  std::size_t closed = 0;
  for_each_case([&](const Case& each) {
    for (int i = 0; i < 40; i++) {
      const HostLimits host = any_host();
      const std::string text = any_text(each, host);
      if (!is_closed(text)) continue;
      closed++;
      EXPECT_TRUE(advised(text, host).empty()) << text;
      EXPECT_FALSE(host_setting(text)) << text;
      EXPECT_EQ(text.find("would be next"), std::string::npos) << text;
    }
  });
  EXPECT_GT(closed, 500U);
}

// Nothing that is advised is less than what is there, and nothing stops it for good.
TEST_F(AnyRemedy, RaisesTheLimitThatItIsAbout) {
  const std::regex present_pattern(R"(: max_(pages|read|write) is (\d+): )");
  std::size_t raised = 0;
  for_each_case([&](const Case& each) {
    for (int i = 0; i < 40; i++) {
      const HostLimits host = any_host();
      const std::string text = any_text(each, host);
      std::smatch present;
      if (each.cause == FUSESCOPE_CAUSE_PAGE_SLOTS ||
          !std::regex_search(text, present, present_pattern)) {
        continue;
      }
      const std::uint64_t bytes =
          std::stoull(present[2]) * (present[1] == "pages" ? host.page_bytes : 1);
      for (const auto& [unit, number] : advised(text, host)) {
        EXPECT_GT(unit * number, bytes) << text;
        raised++;
      }
    }
  });
  EXPECT_GT(raised, 2'000U);
}

TEST_F(AnyRemedy, AdvisesAWindowOnlyWhereThatIsTheCause) {
  for_each_case([&](const Case& each) {
    for (int i = 0; i < 40; i++) {
      const HostLimits host = any_host();
      const std::string text = any_text(each, host);
      const bool is_advised = text.contains("/sys/class/bdi/") || text.contains("read-ahead");
      EXPECT_TRUE(!is_advised || each.cause == FUSESCOPE_CAUSE_READAHEAD_WINDOW) << text;
      EXPECT_FALSE(is_advised && text.contains("of no use")) << text;
    }
  });
}

// All lines of an output on one mount together: what one says cannot be raised, none raises.
TEST_F(AnyRemedy, NoLineRaisesWhatAnotherSaysCannotBe) {
  for (const std::string& daemon : daemons()) {
    for (int i = 0; i < 200; i++) {
      const HostLimits host = any_host();
      const MountSnapshot mount = of_type("fuse." + daemon, any_mount(host));
      std::string lines;
      for_each_case([&](const Case& each) {
        if (each.daemon != daemon) return;
        lines += remedy_for(each.cause, each.op, each.mode, mount, host) + "\n";
      });
      if (find_remedy(FUSESCOPE_CAUSE_MAX_PAGES, daemon)->way == Way::closed) {
        EXPECT_EQ(lines.find("max_pages="), std::string::npos) << lines;
        EXPECT_EQ(lines.find("FUSE_MAX_PAGES"), std::string::npos) << lines;
        EXPECT_EQ(lines.find("more slots"), std::string::npos) << lines;
        EXPECT_EQ(lines.find("max_pages_limit"), std::string::npos) << lines;
      }
      if (find_remedy(FUSESCOPE_CAUSE_MAX_READ, daemon)->way == Way::closed) {
        EXPECT_EQ(lines.find("max_read="), std::string::npos) << lines;
      }
      if (find_remedy(FUSESCOPE_CAUSE_MAX_WRITE, daemon)->way == Way::closed) {
        EXPECT_EQ(lines.find("max_write="), std::string::npos) << lines;
      }
    }
  }
}

// A request of many pages is not said to be larger than another limit lets it be.
TEST_F(AnyRemedy, ARequestOfBigWritesIsAsLargeAsTheOtherLimitsAllow) {
  const std::regex carried(R"(carries up to (\d+) bytes)");
  for (const std::string& daemon : daemons()) {
    for (int i = 0; i < 100; i++) {
      const HostLimits host = any_host();
      const MountSnapshot mount = of_type("fuse." + daemon, any_mount(host));
      const std::string text = remedy_for(FUSESCOPE_CAUSE_NO_BIG_WRITES, FUSESCOPE_WRITE,
                                          FUSESCOPE_BUFFERED, mount, host);
      std::smatch found;
      ASSERT_TRUE(std::regex_search(text, found, carried)) << text;
      EXPECT_EQ(text.find("would be next"), std::string::npos) << text;
      if (!mount.limits) continue;
      EXPECT_LE(std::stoull(found[1]), mount.limits->max_pages * host.page_bytes) << text;
      EXPECT_LE(std::stoull(found[1]),
                std::max<std::uint64_t>(mount.limits->max_write, host.page_bytes))
          << text;
    }
  }
}

}  // namespace
}  // namespace fusescope

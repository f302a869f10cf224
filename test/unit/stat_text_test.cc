// SPDX-License-Identifier: Apache-2.0
#include "agent/text/stat_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <numeric>
#include <regex>

#include "agent/text/stat_json.h"
#include "sample_stat.h"

namespace fusescope {
namespace {

TEST(StatText, IsATableForEachMount) {
  const std::string text = stat_text(sample_stat());
  const std::string tables = R"(FUSE I/O of 'dd if=/mnt/\x1b bs=1M' (1.23 s)

/mnt/s\xff (fuse.x)
  CALLS  MODE      COUNT  REQUESTS  NEEDED  PER CALL  P99     MAX     SEGS PER CALL  BYTES      VERDICT
  read   direct    1      8         1       8.0       <=8     8       256.0          1 MiB      limited
  write  buffered  3      100001    392     33333.7   >65536  100000  1.0            390.6 MiB  limited
  REQUESTS  COUNT  PAGES EACH  BYTES    P50       P99
  read      9      32.0        1.1 MiB  <=128 us  <=128 us
  lookup    4      -           -        <=2 us    >67.1 s
  other     1      -           -        <=8 us    <=8 us
  of no call: 1 read (readahead)
  split by max_read: 1 direct read calls, 7 requests more than one each)";
  EXPECT_EQ(text.substr(0, tables.size()), tables) << text;
  EXPECT_TRUE(text.ends_with("\n<= and >: the bound of the histogram's bucket that holds it\n"));
}

TEST(StatText, CallsNothingSplitThatTookAsFewAsItNeeded) {
  StatReport report = sample_stat();
  for (const auto op : {FUSESCOPE_READ, FUSESCOPE_WRITE}) {
    for (fusescope_io_stats& io : report.mounts[0].counters.data.ops[op].io) {
      io.needed_extra_requests =
          std::accumulate(std::begin(io.extra_requests), std::end(io.extra_requests), 0ULL);
    }
  }
  const std::string text = stat_text(report);
  EXPECT_EQ(text.find("limited"), std::string::npos) << text;
  EXPECT_TRUE(text.contains("7 requests more than one each; this host allows no fewer")) << text;
  EXPECT_FALSE(is_split(total_of(report)));
  const auto json = nlohmann::json::parse(stat_json(report));
  EXPECT_EQ(json["verdict"], "ok");
  EXPECT_EQ(json["excess_requests"], 0);
  EXPECT_EQ(json["split_calls"], 2);
  EXPECT_TRUE(json["mounts"][0]["calls"][0]["splits"][0]["remedy"].is_null());
}

TEST(StatText, SaysWhatIsTakenForALimitThatCannotBeRead) {
  StatReport report = sample_stat();
  EXPECT_TRUE(nlohmann::json::parse(stat_json(report))["host_max_pages_guess"].is_null());
  report.host.unreadable = "read x: Permission denied";
  EXPECT_TRUE(stat_text(report).contains("\nNot known: read x: Permission denied: 256 pages"));
  EXPECT_EQ(nlohmann::json::parse(stat_json(report))["host_max_pages_guess"],
            guess_of(report.host));
}

TEST(StatText, IsOneLineWithoutIo) {
  StatReport report = sample_stat();
  report.mounts.clear();
  EXPECT_EQ(stat_text(report), "No FUSE I/O by 'dd if=/mnt/\\x1b bs=1M' (1.23 s)\n");
  report.exit_code.reset();
  report.signal = 9;
  report.process = 47;
  EXPECT_EQ(stat_text(report), "No FUSE I/O by process 47 (1.23 s, ended by signal 9)\n");
}

TEST(StatText, SaysWhatWasLostAndWhatIsAnEstimate) {
  StatReport report = sample_stat();
  report.self = sample_self();
  const std::string text = stat_text(report);
  EXPECT_TRUE(text.contains("Lost events: 1 inflight_full, 2 calls_full")) << text;
  EXPECT_TRUE(std::regex_search(text, std::regex("5\\s+recursion"))) << text;
  EXPECT_TRUE(text.contains("\nNot exact here (call): ")) << text;
  EXPECT_TRUE(text.contains("RELEASE and writeback")) << text;
  EXPECT_FALSE(text.contains("(taken)")) << text;
}

TEST(StatJson, IsOneObjectOnOneLine) {
  const std::string text = stat_json(sample_stat());
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["command"][1], "if=/mnt/\x1b");
  EXPECT_TRUE(json["process"].is_null());
  EXPECT_TRUE(json["signal"].is_null());
  EXPECT_EQ(json["exit_code"], 0);
  EXPECT_EQ(json["verdict"], "limited");
  EXPECT_EQ(json["minimum_requests"], 1 + 392);
  EXPECT_EQ(json["excess_requests"], 7 + 100'001 - 392);
  EXPECT_EQ(json["split_calls"], 2);
  EXPECT_EQ(json["host_max_pages"], 256);
  EXPECT_EQ(json["lost"], nlohmann::json::object());
  EXPECT_EQ(json["roles"][0]["state"], "exact");
}

TEST(StatJson, HasTheCallsAndRequestsOfAMount) {
  const auto mount = nlohmann::json::parse(stat_json(sample_stat()))["mounts"][0];
  EXPECT_EQ(mount["mountpoint"], "/mnt/s\\xff");
  const auto& read = mount["calls"][0];
  EXPECT_EQ(read["op"], "read");
  EXPECT_EQ(read["requests"], 8);
  EXPECT_EQ(read["minimum_requests"], 1);
  EXPECT_EQ(read["excess_requests"], 7);
  EXPECT_EQ(read["segments"], 256);
  EXPECT_EQ(read["requests_per_call_p99"], 8);
  EXPECT_EQ(read["requests_per_call_max"], 8);
  EXPECT_EQ(read["splits"][0]["cause"], "max_read");
  EXPECT_EQ(read["splits"][0]["extra_requests"], 7);
  EXPECT_TRUE(mount["calls"][1]["requests_per_call_p99"].is_null());
  const auto& requests = mount["requests"];
  EXPECT_EQ(requests[0]["pages"], 288);
  EXPECT_EQ(requests[0]["origins"]["readahead"], 1);
  EXPECT_EQ(requests[0]["duration_seconds_p99"], 0.000128);
  EXPECT_EQ(requests[1]["op"], "lookup");
  EXPECT_TRUE(requests[1]["pages"].is_null());
  EXPECT_TRUE(requests[1]["duration_seconds_p99"].is_null());
}

}  // namespace
}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/text/verify_text.h"
#include "agent/verify/shapes.h"
#include "agent/verify/timing.h"
#include "test/unit/judged_mount.h"

namespace fusescope {
namespace {

TEST(Shapes, TheVerdictIsAboutTheCallOfManySegments) {
  EXPECT_EQ(io_shapes()[kVectored].segments, 256U);
  EXPECT_EQ(io_shapes()[kVectored].calls, 1U);
  EXPECT_EQ(io_shapes()[kSingles].segments, 1U);
  EXPECT_EQ(io_shapes()[kSingles].calls, 256U);
}

TEST(Shapes, SegmentsBeginWhereTheBuffersDo) {
  const auto segments = segments_of(io_shapes()[kVectored], 512);
  EXPECT_EQ(segments.size(), 256U);
  EXPECT_EQ(segments.front(), (Segment{.address_in_page = 512, .bytes = 4096}));
}

TEST(Timing, TheMedianAndTheMiddleHalf) {
  const Spread spread = spread_of({9, 1, 3, 2, 100, 4, 5});
  EXPECT_EQ(spread.median, 4);
  EXPECT_EQ(spread.low, 2);
  EXPECT_EQ(spread.high, 9);
  EXPECT_EQ(spread_of({7}).median, 7);
}

TEST(Timing, IsStableWhenTheMiddleHalfIsNarrow) {
  EXPECT_FALSE(is_stable({1, 1, 1, 1})) << "too few";
  EXPECT_TRUE(is_stable({1, 1, 1, 1, 50}));
  EXPECT_FALSE(is_stable({1, 1.2, 1.4, 1.6, 1.8}));
}

VerifyReport sample_report() {
  VerifyReport report;
  report.mount = judged_mount(32);
  report.host = default_host();
  report.shapes.push_back({.op = FUSESCOPE_READ,
                           .id = "vectored",
                           .title = "256 x 4 KiB in one call",
                           .requests = 8,
                           .expected = 8,
                           .pages_per_request = 32,
                           .bytes_per_second = 100 << 20,
                           .bytes_per_second_low = 90 << 20,
                           .bytes_per_second_high = 110 << 20,
                           .speed_up = 2.5});
  report.ops.push_back({.op = FUSESCOPE_READ,
                        .verdict = IoVerdict::limited,
                        .cause = FUSESCOPE_CAUSE_MAX_PAGES,
                        .remedy = "Do this."});
  report.ops.push_back(
      {.op = FUSESCOPE_WRITE, .verdict = IoVerdict::ok, .cause = {}, .remedy = ""});
  return report;
}

TEST(VerifyText, IsATableAndAVerdict) {
  EXPECT_EQ(
      verify_text(sample_report()),
      "/mnt/a (fuse.x)\n"
      "Limits: max_pages 32, max_read 1048576, max_write 1048576\n"
      "Test: 1 MiB, O_DIRECT\n"
      "\n"
      "  OP    SHAPE                    REQUESTS  EXPECTED  PAGES EACH  MiB/s      SPEED-UP\n"
      "  read  256 x 4 KiB in one call  8         8         32          100 +-10%  2.5x\n"
      "\n"
      "Expected: at the limits of this mount. Speed-up: over single calls of the same bytes.\n"
      "\n"
      "  read:  limited, max_pages. Do this.\n"
      "  write: ok: as few requests as this host allows\n"
      "\n"
      "Verdict: limited\n");
}

TEST(VerifyText, TheVerdictIsTheWorse) {
  VerifyReport report = sample_report();
  EXPECT_EQ(verdict_of(report), IoVerdict::limited);
  report.ops[1].verdict = IoVerdict::broken;
  EXPECT_EQ(verdict_of(report), IoVerdict::broken);
  report.ops.clear();
  EXPECT_EQ(verdict_of(report), IoVerdict::ok);
}

TEST(VerifyText, SaysWhatWasTestedInstead) {
  VerifyReport report = sample_report();
  report.is_direct = false;
  report.shapes[0].expected.reset();
  report.shapes[0].pages_per_request.reset();
  const std::string text = verify_text(report);
  EXPECT_NE(text.find("this mount has no O_DIRECT"), std::string::npos);
  EXPECT_NE(text.find("8         -         -  "), std::string::npos) << text;
  report.address_in_page = 512;
  EXPECT_NE(verify_text(report).find("512 bytes into a page"), std::string::npos);
}

TEST(VerifyJson, IsOneObjectOnOneLine) {
  VerifyReport report = sample_report();
  report.mount.identity.mountpoint = "/mnt/\xff";
  const std::string text = verify_json(report);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["verdict"], "limited");
  EXPECT_EQ(json["mountpoint"], "/mnt/\\xff");
  EXPECT_EQ(json["ops"][0]["cause"], "max_pages");
  EXPECT_TRUE(json["ops"][1]["cause"].is_null());
  EXPECT_TRUE(json["ops"][1]["remedy"].is_null());
  EXPECT_EQ(json["shapes"][0]["expected_requests"], 8);
  EXPECT_EQ(json["limits"]["host_max_pages"], 256);
}

}  // namespace
}  // namespace fusescope

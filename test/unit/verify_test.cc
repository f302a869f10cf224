// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/text/verify_json.h"
#include "agent/text/verify_text.h"
#include "agent/verify/shapes.h"
#include "agent/verify/timing.h"
#include "test/unit/judged_mount.h"

namespace fusescope {
namespace {

TEST(Shapes, TheVerdictIsAboutTheCallOfManySegments) {
  const auto shapes = io_shapes(4096);
  EXPECT_EQ(shapes[kVectored].segments, 256U);
  EXPECT_EQ(shapes[kVectored].calls, 1U);
  EXPECT_EQ(shapes[kSingles].segments, 1U);
  EXPECT_EQ(shapes[kSingles].calls, 256U);
  EXPECT_EQ(shapes[kUnaligned].segments, 256U);
}

TEST(Shapes, SegmentsBeginWhereTheBuffersDo) {
  const auto segments = segments_of(io_shapes(4096)[kUnaligned]);
  EXPECT_EQ(segments.size(), 256U);
  EXPECT_EQ(segments.front(), (Segment{.address_in_page = 512, .bytes = 4096}));
  EXPECT_EQ(segments_of(io_shapes(4096)[kVectored]).front().address_in_page, 0U);
}

TEST(Shapes, AllCarryTheSame) {
  for (const std::uint64_t page : {4096, 16384, 65536}) {
    for (const IoShape& shape : io_shapes(page)) {
      EXPECT_EQ(shape.calls * shape.segments * shape.segment_bytes, kShapeBytes) << shape.title;
    }
  }
}

// Slots are pages of the host: aligned segments fill them, others take two each.
TEST(Shapes, GoByThePagesOfTheHost) {
  for (const std::uint64_t page : {4096, 16384, 65536}) {
    fusescope_limits limits{};
    limits.max_pages = static_cast<__u32>(kShapeBytes / page);
    limits.max_read = limits.max_write = 1U << 30;
    const auto shapes = io_shapes(page);
    const auto requests = [&](std::size_t shape) {
      return minimum_requests(segments_of(shapes[shape]), FUSESCOPE_READ, limits, page).size();
    };
    EXPECT_EQ(requests(kVectored), 1U) << page;
    EXPECT_EQ(requests(kUnaligned), 2U) << page;
  }
  EXPECT_EQ(io_shapes(16384)[kVectored].title, "64 x 16 KiB in one call");
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
                           .counted = 4,
                           .requests = 8,
                           .expected = 8,
                           .pages_per_request = 32,
                           .rounds = 5,
                           .bytes_per_second = 100 << 20,
                           .bytes_per_second_low = 90 << 20,
                           .bytes_per_second_high = 110 << 20,
                           .speed_up = 2.5});
  report.ops.push_back({.op = FUSESCOPE_READ,
                        .mode = FUSESCOPE_DIRECT,
                        .verdict = IoVerdict::limited,
                        .cause = FUSESCOPE_CAUSE_MAX_PAGES,
                        .remedy = "Do this.",
                        .reason = ""});
  report.ops.push_back({.op = FUSESCOPE_WRITE, .mode = FUSESCOPE_DIRECT, .verdict = IoVerdict::ok});
  return report;
}

TEST(VerifyText, IsATableAndAVerdict) {
  EXPECT_EQ(
      verify_text(sample_report()),
      "/mnt/a (fuse.x)\n"
      "Limits: max_pages 32, max_read 1048576, max_write 1048576\n"
      "Test: 1 MiB, of a file of its own\n"
      "\n"
      "  OP    MODE    SHAPE                    REQUESTS  EXPECTED  PAGES EACH  MiB/s      "
      "SPEED-UP\n"
      "  read  direct  256 x 4 KiB in one call  8         8         32          100 +-10%  2.5x\n"
      "\n"
      "Expected: at the limits of this mount. MiB/s: the median, and how far the middle half is "
      "from it.\n"
      "Speed-up: over single calls of the same bytes. Not aligned: 512 bytes into a page.\n"
      "\n"
      "  read, direct:    limited, max_pages. Do this.\n"
      "  write, direct:   ok: as few requests as this host allows\n"
      "\n"
      "Verdict: limited\n");
}

TEST(VerifyText, TheVerdictIsTheWorse) {
  VerifyReport report = sample_report();
  EXPECT_EQ(verdict_of(report), IoVerdict::limited);
  report.ops[1].verdict = IoVerdict::broken;
  EXPECT_EQ(verdict_of(report), IoVerdict::broken);
  report.ops[0].verdict = report.ops[1].verdict = IoVerdict::idle;
  EXPECT_EQ(verdict_of(report), IoVerdict::idle);
  report.ops[1].verdict = IoVerdict::ok;
  EXPECT_EQ(verdict_of(report), IoVerdict::ok) << "what was not seen is no judgement";
}

VerifiedOp not_tested(fusescope_op op, fusescope_mode mode, const std::string& reason) {
  return {.op = op, .mode = mode, .verdict = {}, .cause = {}, .remedy = "", .reason = reason};
}

TEST(VerifyText, SaysWhatCouldNotBeTested) {
  VerifyReport report = sample_report();
  report.file = "sub/data";
  report.ops[1] = not_tested(FUSESCOPE_WRITE, FUSESCOPE_DIRECT, "It is \x1bso");
  report.judged = "unaligned";
  const std::string text = verify_text(report);
  EXPECT_NE(text.find("1 MiB, reads of sub/data, which is not changed\n"), std::string::npos);
  EXPECT_NE(text.find("  write, direct:   not tested: It is \\x1bso\n"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("Verdict: limited, of buffers that are not aligned, of reads alone\n"))
      << text;
}

TEST(VerifyText, BufferedReadsDoNotDecideBesideDirectOnes) {
  VerifyReport report = sample_report();
  report.ops[0].verdict = IoVerdict::ok;
  report.ops[0].cause.reset();
  report.ops.push_back({.op = FUSESCOPE_READ,
                        .mode = FUSESCOPE_BUFFERED,
                        .verdict = IoVerdict::limited,
                        .cause = FUSESCOPE_CAUSE_READAHEAD_WINDOW,
                        .remedy = "Raise it."});
  EXPECT_EQ(verdict_of(report), IoVerdict::ok);
  EXPECT_NE(verify_text(report).find(
                "limited, readahead_window. Raise it. (The verdict is about direct reads)"),
            std::string::npos);
  report.ops[0] = not_tested(FUSESCOPE_READ, FUSESCOPE_DIRECT, "No O_DIRECT");
  EXPECT_EQ(verdict_of(report), IoVerdict::limited) << "where there are no direct ones they do";
  report.ops[2].op = FUSESCOPE_WRITE;
  report.ops[0] = {.op = FUSESCOPE_READ, .mode = FUSESCOPE_DIRECT, .verdict = IoVerdict::ok};
  EXPECT_EQ(verdict_of(report), IoVerdict::limited) << "buffered writes always do";
}

TEST(VerifyText, ARemedyIsToldOnce) {
  VerifyReport report = sample_report();
  report.ops.push_back(report.ops[0]);
  report.ops[2].mode = FUSESCOPE_BUFFERED;
  EXPECT_NE(verify_text(report).find("  read, buffered:  limited, max_pages, as direct ones. (The"),
            std::string::npos);
}

TEST(VerifyText, SaysWhichShapesWereNotRun) {
  VerifyReport report = sample_report();
  report.not_run.push_back({FUSESCOPE_READ, FUSESCOPE_DIRECT, "single", "256 calls", "no time"});
  report.not_run.push_back({FUSESCOPE_WRITE, FUSESCOPE_DIRECT, "single", "256 calls", "no time"});
  report.not_run.push_back({FUSESCOPE_WRITE, FUSESCOPE_DIRECT, "buffer", "a buffer", "refused"});
  const std::string text = verify_text(report);
  EXPECT_NE(text.find("\n  not run: direct read, 256 calls; direct write, 256 calls: no time\n"
                      "  not run: direct write, a buffer: refused\n"),
            std::string::npos)
      << text;
}

TEST(VerifyText, EachReasonIsToldOnce) {
  VerifyReport report;
  report.ops = {not_tested(FUSESCOPE_READ, FUSESCOPE_DIRECT, "a"),
                not_tested(FUSESCOPE_READ, FUSESCOPE_BUFFERED, "a"),
                not_tested(FUSESCOPE_WRITE, FUSESCOPE_DIRECT, "b"),
                not_tested(FUSESCOPE_WRITE, FUSESCOPE_BUFFERED, "c")};
  EXPECT_EQ(untested_text(report), "reads: a; writes: b; c");
  report.ops[3].verdict = IoVerdict::idle;
  EXPECT_EQ(untested_text(report),
            "reads: a; writes: b; these calls sent no request while they ran");
  report.ops[3].verdict.reset();
  report.ops[1].verdict = IoVerdict::ok;
  EXPECT_EQ(untested_text(report), "writes: b; c") << "of an operation with no verdict at all";
}

TEST(VerifyText, NoLimitAndNoSpreadAreNotShownAsNumbers) {
  VerifyReport report = sample_report();
  report.mount.limits->max_read = 0xffffffff;
  report.shapes[0].rounds = 1;
  report.ops[1].verdict = IoVerdict::idle;
  const std::string text = verify_text(report);
  EXPECT_NE(text.find("max_read none, "), std::string::npos) << text;
  EXPECT_EQ(text.find("+-"), std::string::npos) << text;
  EXPECT_NE(text.find("write, direct:   idle: nothing to judge"), std::string::npos) << text;
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
  EXPECT_EQ(json["ops"][0]["mode"], "direct");
  EXPECT_EQ(json["ops"][0]["decides"], true);
  EXPECT_TRUE(json["ops"][0]["reason"].is_null());
  EXPECT_TRUE(json["file"].is_null());
  EXPECT_EQ(json["direct"], true);
  EXPECT_TRUE(json["not_run"].empty());
  EXPECT_EQ(json["judged_shape"], "vectored");
  EXPECT_EQ(json["shapes"][0]["expected_requests"], 8);
  EXPECT_EQ(json["shapes"][0]["counted"], 4);
  EXPECT_EQ(json["shapes"][0]["rounds"], 5);
  EXPECT_EQ(json["limits"]["host_max_pages"], 256);
}

}  // namespace
}  // namespace fusescope

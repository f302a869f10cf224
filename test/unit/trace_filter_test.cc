// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/trace_filter.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace fusescope {
namespace {

TraceOptions options() {
  TraceOptions options;
  options.buffer_bytes = 1;
  return options;
}

std::string refusal_of(const TraceOptions& options) {
  const auto knobs = knobs_of(options);
  return knobs ? "" : knobs.error().text;
}

TEST(TraceFilter, TakesOnlyReadsAndWritesForCalls) {
  EXPECT_EQ(opcodes_of("read", false), std::uint64_t{1} << 15);
  EXPECT_EQ(opcodes_of("lookup", true), std::uint64_t{1} << 1);
  EXPECT_TRUE(opcodes_of("lookup", false).error().text.contains("add --requests"));
  EXPECT_TRUE(opcodes_of("Read", true).error().text.contains("in lower case"));
}

TEST(TraceFilter, TellsTheKernelSideWhatWasAskedFor) {
  TraceOptions given = options();
  given.slower_ms = 1.5;
  given.op = "write";
  given.comm = "fifteen-bytes-x";
  const auto knobs = knobs_of(given);
  ASSERT_TRUE(knobs);
  EXPECT_EQ(knobs->slower_ns, 1'500'000);
  EXPECT_EQ(knobs->opcodes, std::uint64_t{1} << 16);
  EXPECT_EQ(knobs->comm, "fifteen-bytes-x");
  EXPECT_EQ(knobs->ring_bytes, sysconf(_SC_PAGESIZE)) << "at least a page";
}

TEST(TraceFilter, RoundsItsBufferUpToAPowerOfTwo) {
  TraceOptions given = options();
  given.buffer_bytes = 1'000'000;
  EXPECT_EQ(knobs_of(given)->ring_bytes, 1U << 20);
}

TEST(TraceFilter, RefusesWhatWouldNeverMatch) {
  TraceOptions given = options();
  given.comm = "sixteen-bytes-xx";
  EXPECT_TRUE(refusal_of(given).starts_with("--comm 'sixteen-bytes-xx': "));
  given = options();
  given.requests = given.split_only = true;
  EXPECT_TRUE(refusal_of(given).starts_with("--split-only "));
  given = options();
  given.mount = "/proc";
  EXPECT_TRUE(refusal_of(given).starts_with("--mount '/proc': "));
}

}  // namespace
}  // namespace fusescope

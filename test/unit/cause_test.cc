// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <ostream>
#include <random>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "agent/model/minimum.h"
#include "agent/model/names.h"
#include "test/unit/bpf_headers.h"

namespace fusescope {
namespace {

constexpr std::uint32_t kKiB = 1024;
constexpr std::uint32_t kMiB = 1024 * kKiB;
constexpr std::uint32_t kNoLimit = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kPageShift = 12;
constexpr std::uint32_t kPage = 1U << kPageShift;

fusescope_limits limits_of(std::uint32_t max_pages, std::uint32_t max_read,
                           std::uint32_t max_write) {
  fusescope_limits limits{};
  limits.max_pages = max_pages;
  limits.max_read = max_read;
  limits.max_write = max_write;
  limits.big_writes = 1;
  return limits;
}

using Segments = std::vector<Segment>;
using Requests = std::vector<RequestShape>;

// A request that another one of its call followed.
struct ClosedRequest {
  fusescope_latest_request request;
  fusescope_call_kind call;
};

ClosedRequest request(fusescope_op op, fusescope_mode mode, std::uint64_t bytes,
                      std::uint64_t pages, std::uint32_t window = 0) {
  ClosedRequest closed{};
  closed.call.op = static_cast<std::uint8_t>(op);
  closed.call.mode = closed.request.mode = static_cast<std::uint8_t>(mode);
  closed.request.bytes = static_cast<std::uint32_t>(bytes);
  closed.request.pages = static_cast<std::uint32_t>(pages);
  closed.request.window_left = left_of_window(0, 0, closed.request.bytes, window);
  return closed;
}

fusescope_cause raw_cause_of(const ClosedRequest& closed, const fusescope_limits& limits,
                             std::uint32_t page_shift = kPageShift,
                             std::optional<fusescope_mode> next_mode = std::nullopt) {
  const std::uint8_t next = next_mode ? static_cast<std::uint8_t>(*next_mode) : closed.request.mode;
  const fusescope_cause cause =
      split_cause(&closed.request, &closed.call, next, &limits, page_shift);
  // Or it would have no series before it is first counted.
  EXPECT_TRUE(cause_applies(cause, static_cast<fusescope_op>(closed.call.op),
                            static_cast<fusescope_mode>(closed.call.mode)))
      << name_of(cause);
  return cause;
}

// The cause's name: what a failed comparison should show.
std::string cause_of(const ClosedRequest& closed, const fusescope_limits& limits,
                     std::uint32_t page_shift = kPageShift,
                     std::optional<fusescope_mode> next_mode = std::nullopt) {
  return name_of(raw_cause_of(closed, limits, page_shift, next_mode));
}

// Direct calls that were measured on every kernel, by what the connection had negotiated.
struct DirectCase {
  const char* name;
  Segments segments;
  std::uint32_t max_pages;
  std::uint32_t cap;  // max_read and max_write
  std::size_t requests;
  const char* cause;  // of the split; as a READ, if there is a %
};

Segments repeated(std::size_t count, Segment segment) { return Segments(count, segment); }

const Segments kAligned = repeated(256, {0, 4096});
const Segments kOffBy512 = repeated(256, {512, 4096});
const Segments kSmall = repeated(256, {0, 512});
const Segments kOneBuffer = {{0, kMiB}};
const Segments kOneBufferOffBy512 = {{512, kMiB}};

const DirectCase kDirectCases[] = {
    {"aligned_segments_32_pages", kAligned, 32, kMiB, 8, "max_pages"},
    {"aligned_segments_1_page", kAligned, 1, kMiB, 256, "max_pages"},
    {"aligned_segments_cap_128k", kAligned, 256, 128 * kKiB, 8, "max_%"},
    {"aligned_segments_cap_of_odd_size", kAligned, 256, 130 * kKiB, 8, "max_%"},
    {"shifted_segments_256_pages", kOffBy512, 256, kMiB, 2, "page_slots"},
    {"shifted_segments_32_pages", kOffBy512, 32, kMiB, 16, "page_slots"},
    {"shifted_segments_cap_64k", kOffBy512, 256, 64 * kKiB, 16, "max_%"},
    {"small_segments_32_pages", kSmall, 32, kMiB, 8, "page_slots"},
    {"small_segments_1_page", kSmall, 1, kMiB, 256, "page_slots"},
    {"one_buffer_32_pages", kOneBuffer, 32, kMiB, 8, "max_pages"},
    {"one_buffer_1_page", kOneBuffer, 1, kMiB, 256, "max_pages"},
    {"one_buffer_virtiofs_ring_of_128", kOneBuffer, 124, kNoLimit, 3, "max_pages"},
    {"one_shifted_buffer_256_pages", kOneBufferOffBy512, 256, kMiB, 2, "page_slots"},
    {"one_shifted_buffer_32_pages", kOneBufferOffBy512, 32, kMiB, 9, "page_slots"},
};

void PrintTo(const DirectCase& row, std::ostream* out) { *out << row.name; }

std::string for_op(std::string cause, fusescope_op op) {
  if (const auto place = cause.find('%'); place != std::string::npos) {
    cause.replace(place, 1, name_of(op));
  }
  return cause;
}

ClosedRequest direct(const RequestShape& shape, fusescope_op op) {
  return request(op, FUSESCOPE_DIRECT, shape.bytes, shape.pages);
}

class SplitDirectCall : public testing::TestWithParam<DirectCase> {};

TEST_P(SplitDirectCall, HasTheCauseThatWasMeasured) {
  const DirectCase& row = GetParam();
  const fusescope_limits limits = limits_of(row.max_pages, row.cap, row.cap);
  for (const fusescope_op op : {FUSESCOPE_READ, FUSESCOPE_WRITE}) {
    const Requests requests = minimum_requests(row.segments, op, limits, kPage);
    ASSERT_EQ(requests.size(), row.requests);
    EXPECT_EQ(cause_of(direct(requests[0], op), limits), for_op(row.cause, op));
  }
}

INSTANTIATE_TEST_SUITE_P(Measured, SplitDirectCall, testing::ValuesIn(kDirectCases),
                         [](const auto& test) { return std::string(test.param.name); });

// Buffered calls, and what no model is needed for.
struct Case {
  const char* name;
  ClosedRequest first;
  fusescope_limits limits;
  const char* cause;
};

fusescope_limits without_big_writes(fusescope_limits limits) {
  limits.big_writes = 0;
  return limits;
}

const fusescope_limits kWide = limits_of(256, kNoLimit, kMiB);
const fusescope_limits kNoBigWrites = without_big_writes(kWide);

ClosedRequest buffered_read(std::uint32_t bytes, std::uint32_t pages,
                            std::uint32_t readahead_bytes) {
  return request(FUSESCOPE_READ, FUSESCOPE_BUFFERED, bytes, pages, readahead_bytes);
}

ClosedRequest buffered_write(std::uint32_t bytes, std::uint32_t pages) {
  return request(FUSESCOPE_WRITE, FUSESCOPE_BUFFERED, bytes, pages);
}

ClosedRequest direct_read(std::uint32_t bytes, std::uint32_t pages) {
  return request(FUSESCOPE_READ, FUSESCOPE_DIRECT, bytes, pages);
}

ClosedRequest direct_write(std::uint32_t bytes, std::uint32_t pages) {
  return request(FUSESCOPE_WRITE, FUSESCOPE_DIRECT, bytes, pages);
}

ClosedRequest at(std::uint16_t begin_in_page, ClosedRequest closed) {
  closed.request.begin_in_page = begin_in_page;
  return closed;
}

ClosedRequest in_pieces(ClosedRequest closed) {
  closed.call.in_pieces = 1;
  return closed;
}

const Case kCases[] = {
    {"read_as_long_as_the_readahead_window", buffered_read(128 * kKiB, 32, 128 * kKiB), kWide,
     "readahead_window"},
    {"read_longer_than_the_readahead_window", buffered_read(256 * kKiB, 64, 128 * kKiB), kWide,
     "readahead_window"},
    {"read_shorter_than_the_readahead_window", buffered_read(64 * kKiB, 16, 128 * kKiB), kWide,
     "unknown"},
    {"read_with_an_unknown_readahead_window", buffered_read(128 * kKiB, 32, 0), kWide, "unknown"},
    {"limits_come_before_the_readahead_window", buffered_read(128 * kKiB, 32, 128 * kKiB),
     limits_of(32, kMiB, kMiB), "max_pages"},
    {"read_at_its_cap", buffered_read(128 * kKiB, 32, 128 * kKiB), limits_of(256, 128 * kKiB, kMiB),
     "max_read"},
    {"read_with_no_room_for_one_more_page", buffered_read(128 * kKiB, 32, 0),
     limits_of(256, 130 * kKiB, kMiB), "max_read"},
    {"read_with_room_for_just_one_more_page", buffered_read(128 * kKiB, 32, 0),
     limits_of(256, 132 * kKiB, kMiB), "unknown"},
    {"write_32_pages", buffered_write(128 * kKiB, 32), limits_of(32, kMiB, kMiB), "max_pages"},
    {"write_at_its_cap", buffered_write(128 * kKiB, 32), limits_of(256, kMiB, 128 * kKiB),
     "max_write"},
    {"write_at_its_cap_from_inside_a_page", buffered_write(128 * kKiB, 33),
     limits_of(256, kMiB, 128 * kKiB), "max_write"},
    {"write_of_all_slots_from_inside_a_page", buffered_write(127 * kKiB, 32),
     limits_of(32, kMiB, kMiB), "page_slots"},
    {"write_that_ends_inside_a_page", buffered_write(6000, 2), kWide, "unknown"},
    {"write_that_fills_the_rest_of_a_page", at(1904, buffered_write(2192, 1)), kWide,
     "partial_page"},
    {"write_of_the_last_byte_of_a_page", at(4095, buffered_write(1, 1)), kWide, "partial_page"},
    {"write_inside_of_a_page", at(1904, buffered_write(2191, 1)), kWide, "unknown"},
    {"write_over_the_rest_of_a_page", at(1904, buffered_write(6288, 2)), kWide, "unknown"},
    {"write_of_one_whole_page", buffered_write(4096, 1), kWide, "unknown"},
    {"write_of_one_whole_page_without_big_writes", buffered_write(4096, 1), kNoBigWrites,
     "no_big_writes"},
    {"write_from_inside_a_page_without_big_writes", at(1904, buffered_write(2192, 1)), kNoBigWrites,
     "no_big_writes"},
    {"write_of_one_whole_page_without_big_writes_at_its_cap", buffered_write(4096, 1),
     without_big_writes(limits_of(256, kMiB, 4096)), "max_write"},
    {"write_of_one_whole_page_without_big_writes_and_slots", buffered_write(4096, 1),
     without_big_writes(limits_of(1, kMiB, kMiB)), "max_pages"},
    {"read_does_not_mind_big_writes", buffered_read(128 * kKiB, 32, 128 * kKiB), kNoBigWrites,
     "readahead_window"},
    {"read_from_inside_a_page_is_no_partial_page", at(1904, buffered_read(2192, 1, 0)), kWide,
     "unknown"},
    {"direct_write_does_not_mind_big_writes", direct_write(4096, 1), kNoBigWrites, "unmerged"},
    {"direct_write_from_inside_a_page_is_no_partial_page", at(2048, direct_write(2048, 1)), kWide,
     "unmerged"},
    {"write_is_not_bound_by_readahead",
     request(FUSESCOPE_WRITE, FUSESCOPE_BUFFERED, 128 * kKiB, 32, 128 * kKiB), kWide, "unknown"},
    {"direct_read_with_room_left", direct_read(4096, 1), kWide, "unmerged"},
    {"direct_write_with_room_left", direct_write(4096, 1), kWide, "unmerged"},
    {"direct_read_one_slot_short", direct_read(255 * 4096, 255), kWide, "unmerged"},
    {"direct_read_one_byte_below_its_cap", direct_read(128 * kKiB - 1, 32),
     limits_of(256, 128 * kKiB, kMiB), "unmerged"},
    {"direct_read_is_not_bound_by_readahead",
     request(FUSESCOPE_READ, FUSESCOPE_DIRECT, 4096, 1, 4096), kWide, "unmerged"},
    {"direct_read_does_not_mind_max_write", direct_read(4096, 1), limits_of(256, kMiB, 4096),
     "unmerged"},
    {"direct_write_does_not_mind_max_read", direct_write(4096, 1), limits_of(256, 4096, kMiB),
     "unmerged"},
    {"full_in_slots_and_bytes", direct_read(128 * kKiB, 32), limits_of(32, 128 * kKiB, kMiB),
     "max_pages"},
    {"write_of_what_the_pipe_held", in_pieces(buffered_write(64 * kKiB, 16)), kWide, "pipe"},
    {"write_of_what_the_pipe_held_is_as_large_as_it_may_be",
     in_pieces(buffered_write(64 * kKiB, 16)), limits_of(16, kMiB, kMiB), "max_pages"},
    {"write_of_what_the_pipe_held_without_big_writes", in_pieces(buffered_write(4096, 1)),
     kNoBigWrites, "no_big_writes"},
    {"write_of_what_the_pipe_held_fills_the_rest_of_a_page",
     in_pieces(at(1904, buffered_write(2192, 1))), kWide, "partial_page"},
    {"read_into_the_pipe", in_pieces(buffered_read(64 * kKiB, 16, 128 * kKiB)), kWide, "pipe"},
    {"read_into_the_pipe_of_a_window", in_pieces(buffered_read(128 * kKiB, 32, 128 * kKiB)), kWide,
     "readahead_window"},
    {"largest_request_there_can_be", direct_read(kNoLimit, kNoLimit),
     limits_of(kNoLimit, kNoLimit, kNoLimit), "page_slots"},
};

void PrintTo(const Case& row, std::ostream* out) { *out << row.name; }

class SplitCause : public testing::TestWithParam<Case> {};

TEST_P(SplitCause, IsTheOneInTheTable) {
  EXPECT_EQ(cause_of(GetParam().first, GetParam().limits), GetParam().cause);
}

INSTANTIATE_TEST_SUITE_P(Table, SplitCause, testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

// What a direct call does after a short reply: the rest goes through the page cache.
TEST(SplitByAShortReply, IsKnownByASecondRequestThroughThePageCache) {
  for (const fusescope_op op : {FUSESCOPE_READ, FUSESCOPE_WRITE}) {
    const auto with_room = request(op, FUSESCOPE_DIRECT, 4096, 1);
    EXPECT_EQ(cause_of(with_room, kWide, kPageShift, FUSESCOPE_BUFFERED), "short_reply");
    EXPECT_EQ(cause_of(with_room, kWide, kPageShift, FUSESCOPE_DIRECT), "unmerged");
  }
}

TEST(SplitByAShortReply, ComesBeforeEveryLimit) {
  for (const fusescope_op op : {FUSESCOPE_READ, FUSESCOPE_WRITE}) {
    const auto full = request(op, FUSESCOPE_DIRECT, 128 * kKiB, 32);
    for (const auto& limits : {limits_of(32, kMiB, kMiB), limits_of(256, 131072, 131072)}) {
      EXPECT_EQ(cause_of(full, limits, kPageShift, FUSESCOPE_BUFFERED), "short_reply");
    }
  }
}

// Makes the same calls and limits on every run.
class RandomCalls {
 public:
  std::uint64_t number(std::uint64_t least, std::uint64_t most) {
    return std::uniform_int_distribution<std::uint64_t>(least, most)(random_);
  }

  // The limit of the other direction must not matter.
  fusescope_limits limits(fusescope_op op, std::uint64_t page_bytes) {
    const std::uint64_t pages = number(0, 1) ? std::uint64_t{1} << number(0, 8) : number(1, 300);
    std::uint64_t cap = page_bytes * number(1, 300);
    if (number(0, 3) == 0) cap += number(1, page_bytes - 1);
    const auto own = static_cast<std::uint32_t>(cap);
    return op == FUSESCOPE_READ ? limits_of(static_cast<std::uint32_t>(pages), own, kPage)
                                : limits_of(static_cast<std::uint32_t>(pages), kPage, own);
  }

  Segments segments(std::uint64_t page_bytes) {
    Segments segments(number(0, 1) ? number(1, 8) : number(1, 300));
    const bool is_aligned = number(0, 2) == 0;
    for (Segment& segment : segments) {
      segment.address_in_page = is_aligned || number(0, 1) ? 0 : number(0, page_bytes - 1);
      segment.bytes =
          is_aligned ? page_bytes * number(1, 4) : number(1, page_bytes * number(1, 40));
    }
    return segments;
  }

 private:
  std::mt19937_64 random_{1};
};

// One call of several requests, and the connection that it was made on.
struct RandomSplit {
  Requests requests;
  std::size_t segments;
  fusescope_limits limits;
  std::uint64_t page_bytes;
  fusescope_op op;

  [[nodiscard]] std::uint32_t page_shift() const {
    return static_cast<std::uint32_t>(std::countr_zero(page_bytes));
  }

  // Those that another one follows.
  [[nodiscard]] std::span<const RequestShape> closed() const {
    return std::span(requests).first(requests.size() - 1);
  }

  [[nodiscard]] std::string cause(const RequestShape& shape) const {
    return cause_of(direct(shape, op), limits, page_shift());
  }

  // Said once more, from the words of the documentation.
  [[nodiscard]] std::string expected_cause(const RequestShape& shape) const {
    if (!is_full(shape, op, limits)) return "unmerged";
    if (shape.pages < limits.max_pages) return op == FUSESCOPE_READ ? "max_read" : "max_write";
    return shape.bytes == shape.pages * page_bytes ? "max_pages" : "page_slots";
  }

  // Its extra requests by cause, as the kernel side counts them.
  [[nodiscard]] fusescope_closed counted() const {
    fusescope_closed counted{};
    for (const RequestShape& shape : closed()) {
      counted.requests[raw_cause_of(direct(shape, op), limits, page_shift())]++;
    }
    return counted;
  }
};

std::ostream& operator<<(std::ostream& out, const RandomSplit& split) {
  return out << split.segments << " segments, page size " << split.page_bytes << ", max_pages "
             << split.limits.max_pages << ", cap " << request_cap(split.op, split.limits) << ", "
             << split.requests.size() << " requests, the first of " << split.requests[0].pages
             << " slots and " << split.requests[0].bytes << " bytes";
}

using MakeRequests = Requests (*)(std::span<const Segment>, fusescope_op, const fusescope_limits&,
                                  std::uint64_t);

// A kernel without scatter-gather: no request holds parts of two segments.
Requests unmerged_requests(std::span<const Segment> segments, fusescope_op op,
                           const fusescope_limits& limits, std::uint64_t page_bytes) {
  Requests requests;
  for (const Segment& segment : segments) {
    const Requests own = minimum_requests({&segment, 1}, op, limits, page_bytes);
    requests.insert(requests.end(), own.begin(), own.end());
  }
  return requests;
}

// Splits of random calls by a kernel that makes requests in this way.
std::vector<RandomSplit> random_splits(MakeRequests make_requests) {
  constexpr int kCalls = 10'000;
  RandomCalls random;
  std::vector<RandomSplit> splits;
  for (int i = 0; i < kCalls; i++) {
    const fusescope_op op = i % 2 ? FUSESCOPE_READ : FUSESCOPE_WRITE;
    const std::uint64_t page_bytes = std::uint64_t{4096} << 2 * random.number(0, 2);
    const fusescope_limits limits = random.limits(op, page_bytes);
    const Segments segments = random.segments(page_bytes);
    const Requests requests = make_requests(segments, op, limits, page_bytes);
    if (requests.size() < 2) continue;
    splits.push_back({requests, segments.size(), limits, page_bytes, op});
  }
  EXPECT_GT(splits.size(), kCalls / 2U);
  return splits;
}

TEST(SplitOfRandomDirectCalls, IsNeverUnmergedNorUnknownWhenTheKernelMerges) {
  for (const RandomSplit& split : random_splits(minimum_requests)) {
    for (const RequestShape& shape : split.closed()) {
      const std::string cause = split.cause(shape);
      ASSERT_NE(cause, "unmerged") << split;
      ASSERT_NE(cause, "unknown") << split;
      ASSERT_EQ(cause, split.expected_cause(shape)) << split;
    }
  }
}

// The limit that the cause names is the one that was in the way: twice as much of it, and the first
// request carries more.
TEST(SplitOfRandomDirectCalls, NamesTheLimitThatBinds) {
  RandomCalls random;
  for (int i = 0; i < 5'000; i++) {
    const fusescope_op op = i % 2 ? FUSESCOPE_READ : FUSESCOPE_WRITE;
    fusescope_limits limits = random.limits(op, kPage);
    const Segments segments = random.segments(kPage);
    const Requests before = minimum_requests(segments, op, limits, kPage);
    if (before.size() < 2) continue;
    const RandomSplit split{before, segments.size(), limits, kPage, op};
    const std::string cause = split.cause(before[0]);
    // Both at once: the slots are named, and raising them alone changes nothing.
    if (before[0].bytes == request_cap(op, limits)) limits.max_read = limits.max_write = kNoLimit;
    if (cause == "max_read") limits.max_read *= 2;
    if (cause == "max_write") limits.max_write *= 2;
    if (cause == "max_pages" || cause == "page_slots") limits.max_pages *= 2;
    ASSERT_GT(minimum_requests(segments, op, limits, kPage)[0].bytes, before[0].bytes)
        << split << " " << cause;
  }
}

TEST(SplitOfRandomDirectCalls, IsUnmergedWhereAKernelWithoutMergingLeftRoom) {
  std::size_t with_room = 0;
  for (const RandomSplit& split : random_splits(unmerged_requests)) {
    bool left_room = false;
    for (const RequestShape& shape : split.closed()) {
      left_room |= !is_full(shape, split.op, split.limits);
      ASSERT_EQ(split.cause(shape), split.expected_cause(shape)) << split;
    }
    const fusescope_closed counted = split.counted();
    ASSERT_EQ(main_cause(&counted) == FUSESCOPE_CAUSE_UNMERGED, left_room) << split;
    with_room += left_room;
  }
  EXPECT_GT(with_room, 2'500U);
}

TEST(SplitOfRandomDirectCalls, HasACauseForEachRequestThatAnotherFollows) {
  for (const MakeRequests kernel : {minimum_requests, unmerged_requests}) {
    for (const RandomSplit& split : random_splits(kernel)) {
      const fusescope_closed counted = split.counted();
      ASSERT_EQ(std::accumulate(std::begin(counted.requests), std::end(counted.requests), 0U),
                split.requests.size() - 1)
          << split;
      ASSERT_GT(counted.requests[main_cause(&counted)], 0U) << split;
    }
  }
}

// What the change named "fuse: optimize scatter-gather direct IO" put right: there is no such
// kernel in the matrix, so that these are its requests by its rules.
TEST(SplitByAKernelWithoutMerging, IsUnmergedFor256RequestsOfOnePage) {
  for (const fusescope_op op : {FUSESCOPE_READ, FUSESCOPE_WRITE}) {
    const Requests requests = unmerged_requests(kAligned, op, kWide, kPage);
    EXPECT_EQ(requests, Requests(256, {.bytes = kPage, .pages = 1}));
    EXPECT_EQ(cause_of(direct(requests[0], op), kWide), "unmerged");
  }
}

TEST(SplitByAKernelWithoutMerging, IsNotUnmergedWhereOneSegmentFillsARequest) {
  const Segments segments = repeated(4, {0, 128 * kKiB});
  const fusescope_limits limits = limits_of(32, kMiB, kMiB);
  const Requests requests = unmerged_requests(segments, FUSESCOPE_READ, limits, kPage);
  EXPECT_EQ(requests, minimum_requests(segments, FUSESCOPE_READ, limits, kPage));
  EXPECT_EQ(cause_of(direct(requests[0], FUSESCOPE_READ), limits), "max_pages");
}

TEST(SplitOfRandomDirectCalls, TakesEveryCauseOfDirectCallsThereIs) {
  std::set<std::string> causes;
  for (const MakeRequests kernel : {minimum_requests, unmerged_requests}) {
    for (const RandomSplit& split : random_splits(kernel)) {
      for (const RequestShape& shape : split.closed()) causes.insert(split.cause(shape));
    }
  }
  EXPECT_EQ(causes, (std::set<std::string>{"max_pages", "max_read", "max_write", "page_slots",
                                           "unmerged"}));
}

// --- calls whose requests were closed for different reasons ---

using Causes = std::map<std::string, std::uint32_t>;

Causes named(const fusescope_closed& closed) {
  Causes causes;
  for (int i = 0; i < FUSESCOPE_CAUSES; i++) {
    if (closed.requests[i]) causes[name_of(static_cast<fusescope_cause>(i))] = closed.requests[i];
  }
  return causes;
}

// Found in a guest's disk on a kernel that does not merge: the first segment fills a request.
TEST(SplitForSeveralReasons, IsUnmergedIfOnlyTheFirstRequestWasFull) {
  Segments segments = repeated(65, {0, kPage});
  segments[0].bytes = kMiB;
  const Requests requests = unmerged_requests(segments, FUSESCOPE_READ, kWide, kPage);
  ASSERT_EQ(requests.size(), 65U);
  const RandomSplit split{requests, segments.size(), kWide, kPage, FUSESCOPE_READ};
  const fusescope_closed counted = split.counted();
  EXPECT_EQ(named(counted), (Causes{{"max_pages", 1}, {"unmerged", 63}}));
  EXPECT_EQ(main_cause(&counted), FUSESCOPE_CAUSE_UNMERGED);
}

// QEMU's reads: a buffer that begins inside of a page, and then whole pages.
TEST(SplitForSeveralReasons, TellsRequestsOfWholePagesFromThoseOfParts) {
  Segments segments = {{0, 67'584}, {0, 131'072}, {0, 77'824}};
  const fusescope_limits limits = limits_of(32, kMiB, kMiB);
  const Requests requests = minimum_requests(segments, FUSESCOPE_READ, limits, kPage);
  const RandomSplit split{requests, segments.size(), limits, kPage, FUSESCOPE_READ};
  const fusescope_closed counted = split.counted();
  EXPECT_EQ(named(counted), (Causes{{"page_slots", 1}, {"max_pages", 1}}));
  EXPECT_EQ(main_cause(&counted), FUSESCOPE_CAUSE_PAGE_SLOTS) << "the first of the enum";
}

TEST(SplitForSeveralReasons, OfAnUnalignedBufferedWriteIsMostlyMaxPages) {
  const fusescope_limits limits = limits_of(32, kMiB, kMiB);
  fusescope_closed counted{};
  counted.requests[raw_cause_of(at(1024, buffered_write(3072, 1)), limits)]++;
  for (int i = 0; i < 7; i++) {
    counted.requests[raw_cause_of(buffered_write(128 * kKiB, 32), limits)]++;
  }
  EXPECT_EQ(named(counted), (Causes{{"max_pages", 7}, {"partial_page", 1}}));
  EXPECT_EQ(main_cause(&counted), FUSESCOPE_CAUSE_MAX_PAGES);
}

// What follows a short reply goes through the page cache, in requests as large as that allows.
TEST(SplitByAShortReply, IsTheCauseOfEachRequestThatFollows) {
  ClosedRequest after = buffered_read(128 * kKiB, 32, 128 * kKiB);
  after.call.mode = FUSESCOPE_DIRECT;
  EXPECT_EQ(cause_of(after, kWide), "short_reply");
}

struct MainCause {
  const char* name;
  std::map<fusescope_cause, std::uint32_t> requests;
  fusescope_cause cause;
};

const MainCause kMainCauses[] = {
    {"one", {{FUSESCOPE_CAUSE_PIPE, 3}}, FUSESCOPE_CAUSE_PIPE},
    {"unknown_alone", {{FUSESCOPE_CAUSE_UNKNOWN, 1}}, FUSESCOPE_CAUSE_UNKNOWN},
    {"most", {{FUSESCOPE_CAUSE_MAX_PAGES, 2}, {FUSESCOPE_CAUSE_PIPE, 3}}, FUSESCOPE_CAUSE_PIPE},
    {"first_of_as_many",
     {{FUSESCOPE_CAUSE_MAX_READ, 2}, {FUSESCOPE_CAUSE_PAGE_SLOTS, 2}},
     FUSESCOPE_CAUSE_PAGE_SLOTS},
    {"unknown_is_the_last_of_as_many",
     {{FUSESCOPE_CAUSE_UNKNOWN, 2}, {FUSESCOPE_CAUSE_PIPE, 2}},
     FUSESCOPE_CAUSE_PIPE},
    {"unknown_if_most",
     {{FUSESCOPE_CAUSE_UNKNOWN, 3}, {FUSESCOPE_CAUSE_PIPE, 2}},
     FUSESCOPE_CAUSE_UNKNOWN},
    {"unmerged_comes_first",
     {{FUSESCOPE_CAUSE_UNMERGED, 1}, {FUSESCOPE_CAUSE_MAX_PAGES, 9}, {FUSESCOPE_CAUSE_UNKNOWN, 9}},
     FUSESCOPE_CAUSE_UNMERGED},
};

TEST(MainCauseOfACall, IsTheOneInTheTable) {
  for (const MainCause& row : kMainCauses) {
    fusescope_closed closed{};
    for (const auto& [cause, requests] : row.requests) closed.requests[cause] = requests;
    EXPECT_STREQ(name_of(main_cause(&closed)), name_of(row.cause)) << row.name;
  }
}

// What is left of a window behind each of several requests; 0: that one was closed by the window.
std::vector<std::uint32_t> left_behind(
    std::span<const std::pair<std::uint64_t, std::uint64_t>> gaps, std::uint32_t window) {
  std::vector<std::uint32_t> all;
  std::uint32_t left = 0;
  for (const auto& [gap, bytes] : gaps) {
    left = left_of_window(left, gap, static_cast<std::uint32_t>(bytes), window);
    all.push_back(left);
  }
  return all;
}

TEST(ReadaheadWindow, EndsWithTheLastOfItsRequests) {
  using Row = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
  using Left = std::vector<std::uint32_t>;
  EXPECT_EQ(left_behind(Row{{0, 100}, {0, 100}}, 100), (Left{0, 0}));
  EXPECT_EQ(left_behind(Row{{0, 100}, {0, 50}, {0, 100}, {0, 50}}, 150), (Left{50, 0, 50, 0}));
  EXPECT_EQ(left_behind(Row{{0, 200}, {0, 50}}, 150), (Left{0, 100})) << "longer than the window";
  EXPECT_EQ(left_behind(Row{{0, 50}, {30, 70}, {0, 50}}, 150), (Left{100, 0, 100})) << "cached";
  EXPECT_EQ(left_behind(Row{{0, 50}, {100, 50}}, 150), (Left{100, 100})) << "the rest is cached";
  EXPECT_EQ(left_behind(Row{{0, 50}, {-50ULL, 50}}, 150), (Left{100, 100})) << "read again";
  EXPECT_EQ(left_behind(Row{{0, 50}}, 0), (Left{WINDOW_UNKNOWN}));
}

}  // namespace
}  // namespace fusescope

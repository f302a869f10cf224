// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <ostream>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "agent/model/names.h"
#include "test/unit/bpf_headers.h"
#include "test/unit/request_model.h"

namespace fusescope {
namespace {

constexpr std::uint32_t kKiB = 1024;
constexpr std::uint32_t kMiB = 1024 * kKiB;
constexpr std::uint32_t kNoLimit = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kPageShift = 12;

fusescope_limits limits_of(std::uint32_t max_pages, std::uint32_t max_read,
                           std::uint32_t max_write) {
  fusescope_limits limits{};
  limits.max_pages = max_pages;
  limits.max_read = max_read;
  limits.max_write = max_write;
  return limits;
}

first_request request(fusescope_op op, fusescope_mode mode, std::uint64_t bytes,
                      std::uint64_t pages, std::uint32_t readahead_bytes = 0) {
  first_request first{};
  first.op = static_cast<std::uint8_t>(op);
  first.mode = static_cast<std::uint8_t>(mode);
  first.bytes = static_cast<std::uint32_t>(bytes);
  first.pages = static_cast<std::uint32_t>(pages);
  first.readahead_bytes = readahead_bytes;
  return first;
}

// The cause's name: what a failed comparison should show.
std::string cause_of(const first_request& first, const fusescope_limits& limits,
                     std::uint32_t page_shift = kPageShift) {
  const fusescope_cause cause = split_cause(&first, &limits, page_shift);
  // Or it would have no series before it is first counted.
  EXPECT_TRUE(cause_applies(cause, static_cast<fusescope_op>(first.op),
                            static_cast<fusescope_mode>(first.mode)))
      << name_of(cause);
  return name_of(cause);
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

first_request direct(const Request& first, fusescope_op op) {
  return request(op, FUSESCOPE_DIRECT, first.bytes, first.slots);
}

class SplitDirectCall : public testing::TestWithParam<DirectCase> {};

TEST_P(SplitDirectCall, HasTheCauseThatWasMeasured) {
  const DirectCase& row = GetParam();
  const auto requests = merged_requests(row.segments, {row.max_pages, row.cap});
  EXPECT_EQ(requests.size(), row.requests);
  const fusescope_limits limits = limits_of(row.max_pages, row.cap, row.cap);
  for (const fusescope_op op : {FUSESCOPE_READ, FUSESCOPE_WRITE}) {
    EXPECT_EQ(cause_of(direct(requests[0], op), limits), for_op(row.cause, op));
  }
}

INSTANTIATE_TEST_SUITE_P(Measured, SplitDirectCall, testing::ValuesIn(kDirectCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(MinimumRule, TakesOneRequestWhereItAllFits) {
  EXPECT_EQ(merged_requests(kAligned, {256, kMiB}), (std::vector<Request>{{256, kMiB}}));
  EXPECT_EQ(merged_requests(kSmall, {256, kMiB}), (std::vector<Request>{{256, 128 * kKiB}}));
  EXPECT_EQ(merged_requests(kOneBuffer, {256, kMiB}).size(), 1U);
}

TEST(MinimumRule, LeavesTheEndOfAShiftedBufferForASecondRequest) {
  EXPECT_EQ(merged_requests(kOneBufferOffBy512, {256, kMiB}),
            (std::vector<Request>{{256, 1048064}, {1, 512}}));
}

// Buffered calls, and what no model is needed for.
struct Case {
  const char* name;
  first_request first;
  fusescope_limits limits;
  const char* cause;
};

const fusescope_limits kWide = limits_of(256, kNoLimit, kMiB);

first_request buffered_read(std::uint32_t bytes, std::uint32_t pages,
                            std::uint32_t readahead_bytes) {
  return request(FUSESCOPE_READ, FUSESCOPE_BUFFERED, bytes, pages, readahead_bytes);
}

first_request buffered_write(std::uint32_t bytes, std::uint32_t pages) {
  return request(FUSESCOPE_WRITE, FUSESCOPE_BUFFERED, bytes, pages);
}

first_request direct_read(std::uint32_t bytes, std::uint32_t pages) {
  return request(FUSESCOPE_READ, FUSESCOPE_DIRECT, bytes, pages);
}

first_request direct_write(std::uint32_t bytes, std::uint32_t pages) {
  return request(FUSESCOPE_WRITE, FUSESCOPE_DIRECT, bytes, pages);
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

// Makes the same calls and limits on every run.
class RandomCalls {
 public:
  std::uint64_t number(std::uint64_t least, std::uint64_t most) {
    return std::uniform_int_distribution<std::uint64_t>(least, most)(random_);
  }

  RequestLimits limits() {
    RequestLimits limits{.page_size = std::uint64_t{4096} << 2 * number(0, 2)};
    limits.max_pages = number(0, 1) ? std::uint64_t{1} << number(0, 8) : number(1, 300);
    limits.cap = limits.page_size * number(1, 300);
    if (number(0, 3) == 0) limits.cap += number(1, limits.page_size - 1);
    return limits;
  }

  Segments segments(std::uint64_t page_size) {
    Segments segments(number(0, 1) ? number(1, 8) : number(1, 300));
    const bool is_aligned = number(0, 2) == 0;
    for (Segment& segment : segments) {
      segment.offset_in_page = is_aligned || number(0, 1) ? 0 : number(0, page_size - 1);
      segment.length = is_aligned ? page_size * number(1, 4) : number(1, page_size * number(1, 40));
    }
    return segments;
  }

 private:
  std::mt19937_64 random_{1};
};

struct RandomSplit {
  Request first;
  std::size_t segments;
  RequestLimits limits;
  fusescope_op op;

  [[nodiscard]] std::string cause() const {
    const auto cap = static_cast<std::uint32_t>(limits.cap);
    const bool is_read = op == FUSESCOPE_READ;
    // The limit of the other direction must not matter.
    return cause_of(direct(first, op),
                    limits_of(static_cast<std::uint32_t>(limits.max_pages), is_read ? cap : 4096,
                              is_read ? 4096 : cap),
                    static_cast<std::uint32_t>(std::countr_zero(limits.page_size)));
  }

  // Said once more, from the words of the documentation.
  [[nodiscard]] std::string expected_cause() const {
    if (!limits.is_full(first)) return "unmerged";
    if (first.slots < limits.max_pages) return op == FUSESCOPE_READ ? "max_read" : "max_write";
    return first.bytes == first.slots * limits.page_size ? "max_pages" : "page_slots";
  }
};

std::ostream& operator<<(std::ostream& out, const RandomSplit& split) {
  return out << split.segments << " segments, page size " << split.limits.page_size
             << ", max_pages " << split.limits.max_pages << ", cap " << split.limits.cap
             << ", first request of " << split.first.slots << " slots and " << split.first.bytes
             << " bytes";
}

using MakeRequests = std::vector<Request> (*)(const Segments&, const RequestLimits&);

// Splits of random calls by a kernel that makes requests in this way.
std::vector<RandomSplit> random_splits(MakeRequests make_requests) {
  constexpr int kCalls = 20'000;
  RandomCalls random;
  std::vector<RandomSplit> splits;
  for (int i = 0; i < kCalls; i++) {
    const RequestLimits limits = random.limits();
    const Segments segments = random.segments(limits.page_size);
    const auto requests = make_requests(segments, limits);
    if (requests.size() < 2) continue;
    splits.push_back(
        {requests[0], segments.size(), limits, i % 2 ? FUSESCOPE_READ : FUSESCOPE_WRITE});
  }
  EXPECT_GT(splits.size(), kCalls / 2U);
  return splits;
}

TEST(SplitOfRandomDirectCalls, IsNeverUnmergedNorUnknownWhenTheKernelMerges) {
  for (const RandomSplit& split : random_splits(merged_requests)) {
    const std::string cause = split.cause();
    ASSERT_NE(cause, "unmerged") << split;
    ASSERT_NE(cause, "unknown") << split;
    ASSERT_EQ(cause, split.expected_cause()) << split;
  }
}

TEST(SplitOfRandomDirectCalls, IsUnmergedWhereAKernelWithoutMergingLeftRoom) {
  std::size_t with_room = 0;
  for (const RandomSplit& split : random_splits(unmerged_requests)) {
    with_room += !split.limits.is_full(split.first);
    ASSERT_EQ(split.cause(), split.expected_cause()) << split;
  }
  EXPECT_GT(with_room, 5'000U);
}

TEST(SplitOfRandomDirectCalls, TakesEveryCauseOfDirectCallsThereIs) {
  std::set<std::string> causes;
  for (const MakeRequests kernel : {merged_requests, unmerged_requests}) {
    for (const RandomSplit& split : random_splits(kernel)) causes.insert(split.cause());
  }
  EXPECT_EQ(causes, (std::set<std::string>{"max_pages", "max_read", "max_write", "page_slots",
                                           "unmerged"}));
}

}  // namespace
}  // namespace fusescope

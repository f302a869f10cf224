// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "agent/model/limits.h"
#include "agent/model/minimum.h"
#include "test/unit/bpf_headers.h"

namespace fusescope {
namespace {

constexpr std::uint64_t kMany = 1'000'000;
constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;

TEST(FewestRequests, HoldTheBytesOfTheCall) {
  EXPECT_EQ(fewest_requests(kMany, 1, kMiB), 1U);
  EXPECT_EQ(fewest_requests(kMany, kMiB, kMiB), 1U);
  EXPECT_EQ(fewest_requests(kMany, kMiB + 1, kMiB), 2U);
  EXPECT_EQ(fewest_requests(kMany, 4 * kMiB, kMiB), 4U);
  EXPECT_EQ(fewest_requests(kMany, 4 * kMiB, 4 * kMiB), 1U);
}

TEST(FewestRequests, AreNoneForACallThatTookNone) {
  EXPECT_EQ(fewest_requests(0, 64 * kKiB, kMiB), 0U);
  EXPECT_EQ(fewest_requests(0, 0, kMiB), 0U);
}

TEST(FewestRequests, AreOneForACallThatAskedForNothing) {
  EXPECT_EQ(fewest_requests(1, 0, kMiB), 1U);
}

TEST(FewestRequests, AreNoMoreThanTheCallTook) {
  EXPECT_EQ(fewest_requests(3, 64 * kMiB, kMiB), 3U);
}

// What is compared: a random call on a random connection, and the same bytes in one aligned buffer
// on the best connection that the host could have.
class RandomCall {
 public:
  explicit RandomCall(std::mt19937_64& random) : random_(random) {
    host_.page_bytes = std::uint64_t{4096} << 2 * number(0, 2);
    host_.max_pages_limit = number(0, 1) ? 256 : number(1, 1024);
    segments_.resize(number(0, 1) ? number(1, 8) : number(1, 300));
    const bool is_aligned = number(0, 2) == 0;
    for (Segment& segment : segments_) {
      segment.address_in_page = is_aligned ? 0 : number(0, host_.page_bytes - 1);
      segment.bytes = is_aligned ? host_.page_bytes * number(1, 64)
                                 : number(1, host_.page_bytes * number(1, 64));
    }
  }

  [[nodiscard]] const HostLimits& host() const { return host_; }

  [[nodiscard]] std::uint64_t bytes() const {
    std::uint64_t bytes = 0;
    for (const Segment& segment : segments_) bytes += segment.bytes;
    return bytes;
  }

  // What a connection with such limits takes, and one whose kernel does not merge.
  [[nodiscard]] std::uint64_t requests(const fusescope_limits& limits) const {
    return minimum_requests(segments_, FUSESCOPE_READ, limits, host_.page_bytes).size();
  }
  [[nodiscard]] std::uint64_t unmerged_requests(const fusescope_limits& limits) const {
    std::uint64_t requests = 0;
    for (const Segment& segment : segments_) {
      requests += minimum_requests({&segment, 1}, FUSESCOPE_READ, limits, host_.page_bytes).size();
    }
    return requests;
  }

  [[nodiscard]] std::uint64_t model() const {
    const std::vector<Segment> merged = {{.address_in_page = 0, .bytes = bytes()}};
    return minimum_requests(merged, FUSESCOPE_READ, most(), host_.page_bytes).size();
  }

  // Any that a connection of this host can have.
  [[nodiscard]] fusescope_limits limits() {
    fusescope_limits limits = most();
    limits.max_pages = static_cast<__u32>(number(1, limits.max_pages));
    limits.max_read =
        static_cast<__u32>(number(1, 3) == 1 ? limits.max_read : number(4096, limits.max_read));
    return limits;
  }

  [[nodiscard]] fusescope_limits most() const {
    fusescope_limits limits{};
    limits.max_pages = static_cast<__u32>(host_.most_pages());
    limits.max_read = limits.max_write = static_cast<__u32>(host_.most_bytes());
    return limits;
  }

 private:
  std::uint64_t number(std::uint64_t least, std::uint64_t most) {
    return std::uniform_int_distribution<std::uint64_t>(least, most)(random_);
  }

  std::mt19937_64& random_;
  HostLimits host_;
  std::vector<Segment> segments_;
};

TEST(FewestRequestsOfRandomCalls, AreThoseOfOneAlignedBufferOnTheBestConnection) {
  std::mt19937_64 random{1};
  std::uint64_t with_excess = 0;
  for (int i = 0; i < 5'000; i++) {
    RandomCall call(random);
    const fusescope_limits limits = call.limits();
    const std::uint64_t host_bytes = call.host().most_bytes();
    for (const std::uint64_t taken : {call.requests(limits), call.unmerged_requests(limits)}) {
      ASSERT_EQ(fewest_requests(taken, call.bytes(), host_bytes), call.model())
          << call.bytes() << " bytes in " << taken << " requests, host " << host_bytes;
      with_excess += taken > call.model();
    }
  }
  EXPECT_GT(with_excess, 5'000U);
}

TEST(FewestRequestsOfRandomCalls, AreAllThatAnAlignedCallTakesOnTheBestConnection) {
  std::mt19937_64 random{2};
  for (int i = 0; i < 2'000; i++) {
    RandomCall call(random);
    const std::uint64_t taken = call.model();
    ASSERT_EQ(fewest_requests(taken, call.bytes(), call.host().most_bytes()), taken);
  }
}

}  // namespace
}  // namespace fusescope

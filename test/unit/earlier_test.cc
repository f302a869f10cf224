// SPDX-License-Identifier: Apache-2.0
#include "agent/model/earlier.h"

#include <gtest/gtest.h>

#include <utility>

#include "bpf/abi/abi.h"

namespace fusescope {
namespace {

constexpr std::uint64_t kConnection = 0x1000;
constexpr std::uint64_t kOther = 0x2000;
constexpr WaitingNow kFull{.waiting = 5, .own = 1, .blocked = 1, .may_block = true};

Listing listing_of(Addresses requests, bool is_cut = false) {
  return {.requests = {{kConnection, std::move(requests)}}, .is_cut = is_cut};
}

class Earlier : public testing::Test {
 protected:
  void look(const Listing& listing) { requests_.look({kConnection}, listing); }
  [[nodiscard]] std::uint64_t sent() const { return requests_.sent(kConnection); }

  EarlierRequests requests_;
};

TEST_F(Earlier, AreThoseThatTwoListingsHave) {
  EXPECT_TRUE(requests_.needs_listing({kConnection}));
  look(listing_of({1, 2}));
  EXPECT_EQ(sent(), 0U) << "one listing may be wrong";
  EXPECT_FALSE(requests_.knows({kConnection}));
  look(listing_of({2, 3}));
  EXPECT_EQ(sent(), 1U);
  EXPECT_TRUE(requests_.knows({kConnection}));
}

TEST_F(Earlier, BecomeFewerAndNeverMore) {
  look(listing_of({1, 2}));
  look(listing_of({1, 2}));
  EXPECT_EQ(sent(), 2U);
  look(listing_of({2, 7, 8}));
  EXPECT_EQ(sent(), 1U) << "7 and 8 came later, and their sending was lost";
  look(listing_of({1, 2}));
  EXPECT_EQ(sent(), 1U);
  EXPECT_TRUE(requests_.needs_listing({kConnection}));
  look(listing_of({}));
  EXPECT_EQ(sent(), 0U);
  EXPECT_FALSE(requests_.needs_listing({kConnection}));
}

TEST_F(Earlier, StayWhereAListWasCut) {
  look(listing_of({1}));
  look(listing_of({1}));
  look(listing_of({}, true));
  EXPECT_EQ(sent(), 1U);
}

TEST_F(Earlier, AreGatheredFromCutListingsUntilOneIsWhole) {
  look(listing_of({1}, true));
  look(listing_of({1, 2}));
  EXPECT_EQ(sent(), 0U);
  look(listing_of({1, 2}));
  EXPECT_EQ(sent(), 2U);
}

TEST_F(Earlier, OfANewConnectionAreLookedFor) {
  look(listing_of({}));
  EXPECT_FALSE(requests_.needs_listing({kConnection}));
  EXPECT_TRUE(requests_.needs_listing({kConnection, kOther}));
  requests_.look({kConnection, kOther}, {.requests = {{kConnection, {5}}, {kOther, {9}}}});
  requests_.look({kConnection, kOther}, {.requests = {{kConnection, {5}}, {kOther, {9}}}});
  EXPECT_EQ(sent(), 0U) << "it was looked at before that was sent";
  EXPECT_EQ(requests_.sent(kOther), 1U);
}

TEST_F(Earlier, OfAConnectionThatIsGoneAreForgotten) {
  look(listing_of({1}));
  look(listing_of({1}));
  requests_.look({}, {});
  EXPECT_EQ(sent(), 0U);
}

TEST_F(Earlier, ThreadsThatCouldNotSendAreWhatWaitsBesides) {
  EXPECT_EQ(requests_.unsent(kConnection, kFull), 0U) << "it was not looked at";
  look(listing_of({1}));
  look(listing_of({1}));
  EXPECT_EQ(requests_.unsent(kConnection, kFull), 2U);
}

TEST_F(Earlier, ThreadsThatCouldNotSendBecomeFewerAndNeverMore) {
  look(listing_of({1}));
  look(listing_of({1}));
  WaitingNow now = kFull;
  EXPECT_EQ(requests_.unsent(kConnection, now), 2U);
  now.waiting = 4;
  EXPECT_EQ(requests_.unsent(kConnection, now), 1U);
  now.waiting = 9;
  EXPECT_EQ(requests_.unsent(kConnection, now), 1U);
  now.own = 20;
  EXPECT_EQ(requests_.unsent(kConnection, now), 0U);
}

TEST_F(Earlier, NoThreadWaitsBesidesOnceTheRequestsHaveEnded) {
  look(listing_of({1}));
  look(listing_of({1}));
  EXPECT_EQ(requests_.unsent(kConnection, kFull), 2U);
  look(listing_of({}));
  EXPECT_EQ(requests_.unsent(kConnection, kFull), 0U) << "those of now are others";
}

TEST_F(Earlier, NoThreadIsInventedWhereNoneHasToWait) {
  look(listing_of({1}));
  look(listing_of({1}));
  WaitingNow now = kFull;
  now.may_block = false;
  EXPECT_EQ(requests_.unsent(kConnection, now), 0U);
  now.may_block = true;
  EXPECT_EQ(requests_.unsent(kConnection, now), 0U);
}

TEST_F(Earlier, RequestsBeyondTheLengthOfAListAreWhatWaitsBesides) {
  Addresses many;
  for (std::uint64_t i = 1; i <= FUSESCOPE_LIST_LENGTH; i++) many.insert(i);
  look(listing_of(many));
  look(listing_of(many));
  EXPECT_EQ(requests_.unsent(kConnection, {.waiting = FUSESCOPE_LIST_LENGTH + 10}), 10U);
}

}  // namespace
}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/model/ledger.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/model/stats.h"

namespace fusescope {
namespace {

const MountIdentity kRest = {.mountpoint = "other", .fstype = "other", .source = ""};

MountIdentity named(const std::string& mountpoint) {
  return {.mountpoint = mountpoint, .fstype = "fuse", .source = "", .device = 41};
}

Counters sent(std::uint64_t requests) {
  Counters counters;
  counters.data.sent_others = requests;
  return counters;
}

std::uint64_t sent_under(const Ledger& ledger, const MountIdentity& identity) {
  return sent_of(ledger.of(identity).data);
}

// A scrape with these mounts: what it shows, by mountpoint.
std::map<std::string, std::uint64_t> scrape(Ledger& ledger, const std::set<std::string>& there) {
  std::vector<MountSnapshot> mounts;
  std::set<MountLabels> labels;
  for (const std::string& mountpoint : there) {
    mounts.emplace_back().identity = named(mountpoint);
    labels.insert(labels_of(named(mountpoint)));
  }
  ledger.keep(labels);
  ledger.show(mounts);
  std::map<std::string, std::uint64_t> shown;
  for (const MountSnapshot& mount : mounts) {
    shown[mount.identity.mountpoint] = sent_of(mount.counters.data);
  }
  return shown;
}

using Shown = std::map<std::string, std::uint64_t>;

// Mounts that come and go, each with one request; a scrape of each if they are to be shown.
void churn(Ledger& ledger, int mounts, const std::set<std::string>& there, bool shows) {
  std::set<MountLabels> present;
  for (const std::string& mountpoint : there) present.insert(labels_of(named(mountpoint)));
  for (int i = 0; i < mounts; i++) {
    const MountIdentity gone = named("/churn-" + std::to_string(i));
    ledger.add(gone, sent(1));
    ledger.leave(gone);
    ledger.keep(present);
    if (shows) scrape(ledger, there);
  }
  if (shows) scrape(ledger, there);
}

TEST(Ledger, AddsUpWhatIsCountedUnderTheSameLabels) {
  Ledger ledger(kRest);
  ledger.add(named("/a"), sent(500));
  ledger.add(named("/b"), sent(3));
  ledger.add(named("/a"), sent(7));
  EXPECT_EQ(scrape(ledger, {"/a", "/b"}), (Shown{{"/a", 507}, {"/b", 3}}));
}

TEST(Ledger, ShowsAMountThatIsGoneOnceMoreAndGoesOnWhenItIsBack) {
  Ledger ledger(kRest);
  ledger.add(named("/a"), sent(5));
  EXPECT_EQ(scrape(ledger, {"/a"}), (Shown{{"/a", 5}}));
  ledger.leave(named("/a"));
  EXPECT_EQ(scrape(ledger, {}), (Shown{{"/a", 5}}));
  EXPECT_EQ(scrape(ledger, {}), Shown{});
  ledger.add(named("/a"), sent(1));
  EXPECT_EQ(scrape(ledger, {}), (Shown{{"/a", 6}})) << "it was counted late";
  ledger.add(named("/a"), sent(2));
  EXPECT_EQ(scrape(ledger, {"/a"}), (Shown{{"/a", 8}}));
}

TEST(Ledger, NeverForgetsAMountThatIsThere) {
  Ledger ledger(kRest);
  ledger.add(named("/a"), sent(505));
  ledger.leave(named("/a"));
  scrape(ledger, {});
  ledger.add(named("/a"), sent(507));
  EXPECT_EQ(scrape(ledger, {"/a"}), (Shown{{"/a", 1012}}));
  churn(ledger, 1000, {"/a"}, true);
  EXPECT_GT(ledger.forgotten(), 700U);
  EXPECT_EQ(scrape(ledger, {"/a"}), (Shown{{"/a", 1012}}));
}

TEST(Ledger, NeverForgetsAMountThatIsThereThoughItWasNotScrapedYet) {
  Ledger ledger(kRest);
  ledger.add(named("/a"), sent(5));
  churn(ledger, 1000, {"/a"}, false);
  EXPECT_EQ(sent_under(ledger, named("/a")), 5U);
}

TEST(Ledger, ForgetsTheOneThatLeftFirst) {
  Ledger ledger(kRest);
  churn(ledger, Ledger::kLimit + 2, {}, true);  // the last one is still shown
  EXPECT_EQ(ledger.forgotten(), 1U);
  EXPECT_EQ(sent_under(ledger, named("/churn-0")), 0U);
  EXPECT_EQ(sent_under(ledger, named("/churn-1")), 1U);
  ledger.add(named("/churn-0"), sent(1));
  EXPECT_EQ(scrape(ledger, {"/churn-0"}), (Shown{{"/churn-0", 1}})) << "as one that is new";
}

TEST(Ledger, ForgetsNoSeriesOfTheLastScrape) {
  Ledger ledger(kRest);
  ledger.add(named("/a"), sent(9));
  scrape(ledger, {"/a"});
  churn(ledger, 1000, {}, false);  // it may come back before the next scrape
  EXPECT_EQ(sent_under(ledger, named("/a")), 9U);
}

TEST(Ledger, LosesNothingOfWhatWasNeverShown) {
  Ledger ledger(kRest);
  ledger.add(named("/a"), sent(9));
  scrape(ledger, {"/a"});
  scrape(ledger, {});
  ledger.add(named("/a"), sent(2));
  churn(ledger, 1000, {}, false);
  std::uint64_t all = sent_under(ledger, kRest);
  const Shown shown = scrape(ledger, {});
  EXPECT_EQ(sent_under(ledger, named("/a")), 0U);
  for (const auto& [mountpoint, count] : shown) {
    if (mountpoint != "other") all += count;
  }
  EXPECT_EQ(all, 1000U + 2U) << "without the nine that were shown";
  EXPECT_EQ(shown.at("other"), sent_under(ledger, kRest));
}

TEST(Ledger, IsBounded) {
  Ledger ledger(kRest);
  churn(ledger, 3000, {"/a"}, false);
  EXPECT_LE(ledger.size(), Ledger::kLimit + 2);
  churn(ledger, 3000, {"/a"}, true);
  EXPECT_LE(ledger.size(), Ledger::kLimit + 4);
}

}  // namespace
}  // namespace fusescope

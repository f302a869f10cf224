// SPDX-License-Identifier: Apache-2.0
#include "agent/observe/connection_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

namespace fusescope {
namespace {

constexpr std::uint32_t kDevice = 77;

const MountIdentity kVolume = {
    .mountpoint = "/mnt/volume", .fstype = "fuse.x", .source = "x", .device = kDevice};
const MountIdentity kMoved = {
    .mountpoint = "/mnt/moved", .fstype = "fuse.x", .source = "x", .device = kDevice};
const MountIdentity kRest = {.mountpoint = "other", .fstype = "other", .source = ""};

class FakeTable : public RowTable {
 public:
  [[nodiscard]] std::vector<Row> rows() const override { return rows_; }
  [[nodiscard]] Ended ended(std::uint32_t) const override { return {}; }
  [[nodiscard]] Counters counters(std::uint32_t row, Ended) const override {
    Counters counters;
    counters.data.ops[FUSESCOPE_READ].data.bytes = bytes_.at(row);
    return counters;
  }
  void drop_unmounted(std::uint32_t row) override { dropped.push_back(row); }
  void release(std::uint32_t row) override {
    std::erase_if(rows_, [row](const Row& each) { return each.index == row; });
    released.push_back(row);
  }

  void claim(std::uint32_t index, std::uint64_t address, std::uint64_t claimed_ns = 1) {
    rows_.push_back(
        {.index = index, .address = address, .claimed_ns = claimed_ns, .device = kDevice});
    bytes_.try_emplace(index);
  }
  Row& row(std::uint32_t index) { return *std::ranges::find(rows_, index, &Row::index); }
  void carry(std::uint32_t row, std::uint64_t bytes) { bytes_[row] += bytes; }

  std::vector<std::uint32_t> dropped;
  std::vector<std::uint32_t> released;

 private:
  std::vector<Row> rows_;
  std::map<std::uint32_t, std::uint64_t> bytes_;
};

class ConnectionRowsTest : public testing::Test {
 protected:
  // As Collector does it; `meanwhile` happens while the mount tables are read.
  template <class Meanwhile>
  void look(Meanwhile meanwhile) {
    rows.read();
    meanwhile();
    rows.keep_unchanged();
    rows.identify(host);
    rows.release_gone(host);
    for (const Row& row : rows.rows()) {
      if (const auto name = rows.name_of(row.index)) rows.count(row.index, *name, {});
    }
  }
  void look() {
    look([] {});
  }

  [[nodiscard]] std::uint64_t bytes_of(const MountIdentity& mount) const {
    return ledger.of(mount).data.ops[FUSESCOPE_READ].data.bytes;
  }

  FakeTable table;
  Ledger ledger{kRest};
  HostConnections host;
  bool all_tables_were_read = false;
  ConnectionRows rows{table, ledger, [this](std::uint32_t) { return all_tables_were_read; }};
};

TEST_F(ConnectionRowsTest, AreCountedUnderTheNameOfTheirMountOnce) {
  table.claim(3, 0x1000);
  table.carry(3, 100);
  host.mounts[kDevice] = kVolume;
  look();
  look();
  EXPECT_EQ(rows.name_of(3), kVolume);
  EXPECT_EQ(bytes_of(kVolume), 100);
  EXPECT_EQ(rows.unnamed(), 0);
  table.carry(3, 20);
  look();
  EXPECT_EQ(bytes_of(kVolume), 120);
}

TEST_F(ConnectionRowsTest, WaitForANameUntilAllTablesWereRead) {
  table.claim(3, 0x1000);
  host.detached = {0x1000};  // still open, so that it is there
  look();
  EXPECT_FALSE(rows.name_of(3));
  EXPECT_EQ(rows.unnamed(), 1);
  EXPECT_EQ(rows.rows().size(), 1) << "nothing is given back that only has no name yet";
  all_tables_were_read = true;
  look();
  EXPECT_EQ(rows.name_of(3), unknown_mount());
}

TEST_F(ConnectionRowsTest, AreUnknownAtOnceWhereNobodyWalks) {
  ConnectionRows own(table, ledger, {});
  table.claim(3, 0x1000);
  host.detached = {0x1000};
  own.read();
  own.keep_unchanged();
  own.identify(host);
  EXPECT_EQ(own.name_of(3), unknown_mount());
}

TEST_F(ConnectionRowsTest, KeepWhatWasShownUnderAnEarlierName) {
  table.claim(3, 0x1000);
  table.carry(3, 100);
  host.mounts[kDevice] = kVolume;
  look();
  table.carry(3, 20);  // before the tables said that it moved
  host.mounts[kDevice] = kMoved;
  look();
  table.carry(3, 5);
  look();
  EXPECT_EQ(bytes_of(kVolume), 120);
  EXPECT_EQ(bytes_of(kMoved), 5);
  EXPECT_EQ(rows.renamed(), 1);
}

TEST_F(ConnectionRowsTest, ThatChangeHandsWhileTablesAreReadWait) {
  table.claim(3, 0x1000);
  host.mounts[kDevice] = kVolume;
  look([this] {
    table.row(3).address = 0x2000;
    table.row(3).claimed_ns = 2;
  });
  EXPECT_TRUE(rows.rows().empty());
  EXPECT_EQ(rows.unnamed(), 1) << "it is said that something is not shown";
  EXPECT_FALSE(rows.knows(3)) << "the tables may be those of before";
  look();
  EXPECT_EQ(rows.name_of(3), kVolume);
}

TEST_F(ConnectionRowsTest, OfAMountThatIsGoneAreCountedToTheEndAndNotGivenAwayAtOnce) {
  table.claim(3, 0x1000);
  host.mounts[kDevice] = kVolume;
  look();
  host.mounts.clear();
  table.carry(3, 100);
  look();
  EXPECT_TRUE(rows.rows().empty());
  EXPECT_TRUE(rows.is_leaving(3));
  table.carry(3, 7);  // a call that returns late
  look();
  EXPECT_EQ(bytes_of(kVolume), 107);
  EXPECT_EQ(table.dropped, std::vector<std::uint32_t>{3}) << "what is in flight is lost once";
  EXPECT_TRUE(table.released.empty());
}

TEST_F(ConnectionRowsTest, AreGivenBackAtOnceWhereTheyAreScarce) {
  for (std::uint32_t i = 0; i <= FUSESCOPE_MAX_MOUNTS / 2; i++) {
    table.claim(i, 0x1000 + 0x100 * i);
    table.row(i).device = kDevice + i;
    host.mounts[kDevice + i] = kVolume;
  }
  look();
  host.mounts.erase(kDevice + 5);
  look();
  EXPECT_EQ(table.released, std::vector<std::uint32_t>{5});
  EXPECT_FALSE(rows.knows(5));
}

TEST_F(ConnectionRowsTest, OfAMountThatIsDetachedGoOnWhileItsDaemonHasItOpen) {
  table.claim(3, 0x1000);
  host.mounts[kDevice] = kVolume;
  look();
  host.mounts.clear();
  host.detached = {0x1000};
  table.carry(3, 9);
  look();
  EXPECT_FALSE(rows.is_leaving(3));
  EXPECT_EQ(rows.name_of(3), kVolume);
  EXPECT_EQ(bytes_of(kVolume), 9);
}

TEST_F(ConnectionRowsTest, OfAMountThatIsInTheTablesAgainGoOn) {
  table.claim(3, 0x1000);
  host.mounts[kDevice] = kVolume;
  look();
  host.mounts.clear();
  look();
  ASSERT_TRUE(rows.is_leaving(3));
  host.mounts[kDevice] = kVolume;
  look();
  EXPECT_FALSE(rows.is_leaving(3));
  EXPECT_EQ(rows.rows().size(), 1);
}

TEST_F(ConnectionRowsTest, DoNotGoByTheMountThatHasTheirDeviceNumberNow) {
  table.claim(3, 0x1000, 1);
  host.mounts[kDevice] = kVolume;
  look();
  table.claim(4, 0x2000, 2);  // mounted later, with the number of the one that is gone
  host.mounts[kDevice] = kMoved;
  table.carry(3, 100);
  table.carry(4, 5);
  look();
  EXPECT_TRUE(rows.is_leaving(3));
  EXPECT_EQ(bytes_of(kVolume), 100);
  EXPECT_EQ(bytes_of(kMoved), 5);
}

TEST_F(ConnectionRowsTest, AreGoneWhenTheirNumberIsOpenedByAnother) {
  table.claim(3, 0x1000, 1);
  host.mounts[kDevice] = kVolume;
  look();
  host.open[kDevice].device = kDevice;
  host.open[kDevice].address = 0x2000;
  host.open_as_of = ConnectionRows::Clock::now();
  look();
  EXPECT_TRUE(rows.is_leaving(3));
}

}  // namespace
}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "agent/host/mounts.h"
#include "agent/model/ledger.h"
#include "agent/probe/row_table.h"

namespace fusescope {

// Connections that are in no mount table: mounted and gone between two looks, or detached before
// the agent came.
MountIdentity unknown_mount();

// What the host says of its FUSE connections.
struct HostConnections {
  using Clock = std::chrono::steady_clock;
  MountsByDevice mounts{};
  std::map<std::uint32_t, fusescope_device_record> open{};  // open /dev/fuse, by device number
  Clock::time_point open_as_of{};
  std::set<std::uint64_t> detached{};  // addresses of those that are open, but mounted no more
};

// The rows of a session from when a connection claims one until it is given back: what each is
// called, and whether its connection is still there. Not thread-safe.
//
// Each connection has a name, and what it counts is added to that name's counters in the ledger,
// once. So a wrong or late name may put a count in the wrong place, but never takes one back. A
// connection that no table names yet has no name until one does, or until all were read: only then
// it is "unknown". One whose row changed hands while tables were read waits for the next time.
class ConnectionRows {
 public:
  using Clock = HostConnections::Clock;  // also of Row::claimed_ns

  // Of a device that no mount table names: whether all were read since it may be mounted.
  using IsInNoTable = std::function<bool(std::uint32_t)>;

  // All must outlive this. Without a function there is no waiting for names: what no table names is
  // unknown at once.
  ConnectionRows(RowTable& table, Ledger& ledger, IsInNoTable is_in_no_table)
      : table_(table), ledger_(ledger), is_in_no_table_(std::move(is_in_no_table)) {}

  // Around the reading of the mount tables: the rows as they are, then, of these, those that have
  // not changed hands.
  void read();
  void keep_unchanged();

  // Names rows while their mounts are there.
  void identify(const HostConnections& host);

  // Gives rows back whose connections are gone, for a second or if rows are scarce. Those that are
  // gone are rows() no more.
  void release_gone(const HostConnections& host);

  // Takes what a row has counted since the last time to a name.
  void count(std::uint32_t row, const MountIdentity& identity, Ended ended);

  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }

  // Nothing while it is not known, or for a row that was given back.
  [[nodiscard]] const std::optional<MountIdentity>& name_of(std::uint32_t row) const;
  [[nodiscard]] bool knows(std::uint32_t row) const { return naming_.contains(row); }

  // Whether a row is that of a connection that was found to be gone.
  [[nodiscard]] bool is_leaving(std::uint32_t row) const { return leaving_.contains(row); }

  // Rows that are not shown, because they have no name or changed hands.
  [[nodiscard]] std::uint64_t unnamed() const;

  // How many rows were shown under another name before.
  [[nodiscard]] std::uint64_t renamed() const { return renamed_; }

 private:
  // What a row is called, once that is known.
  struct Naming {
    std::optional<MountIdentity> identity;
    Clock::time_point since;  // when it was first seen
  };

  [[nodiscard]] bool are_scarce() const;
  [[nodiscard]] bool is_superseded(const Row& row, const HostConnections& host) const;
  [[nodiscard]] bool is_present(const Row& row, const HostConnections& host) const;
  [[nodiscard]] bool is_being_mounted(const Row& row) const;
  [[nodiscard]] bool is_called(const Row& row, const MountIdentity& identity) const;
  [[nodiscard]] bool is_awaited(const Row& row, const Naming& naming,
                                const HostConnections& host) const;
  void rename(const Row& row, Naming& naming, const MountIdentity& to);
  void leave(const Row& row);

  RowTable& table_;
  Ledger& ledger_;
  IsInNoTable is_in_no_table_;

  std::vector<Row> rows_;
  std::map<std::uint32_t, std::uint64_t> newest_claims_;  // by device, of all rows
  std::size_t changed_ = 0;                               // while tables were read
  std::map<std::uint32_t, Naming> naming_;                // kept for when the mount is gone
  std::map<std::uint32_t, Counters> counted_;             // what is in the ledger
  std::map<std::uint32_t, Clock::time_point> leaving_;    // of mounts that are gone since then
  std::uint64_t renamed_ = 0;
};

}  // namespace fusescope

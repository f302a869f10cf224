// SPDX-License-Identifier: Apache-2.0
// The rows of counters in the kernel: each belongs to a connection from its first request until it
// is given back.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "agent/model/snapshot.h"

namespace fusescope {

// A row, and the connection that it belongs to.
struct Row {
  std::uint32_t index = 0;
  std::uint64_t address = 0;     // of the connection; 0 for FUSESCOPE_OTHER_MOUNT
  std::uint64_t claimed_ns = 0;  // CLOCK_MONOTONIC, when the row became this connection's
  std::uint32_t device = 0;
  bool retired = false;       // another connection has the address now
  std::uint32_t waiting = 0;  // fuse_conn.num_waiting
  fusescope_limits limits{};
};

// What has ended of a row, by how long it took.
struct Ended {
  std::array<fusescope_duration_stats, FUSESCOPE_OPS> data{};     // READ and WRITE
  std::map<std::uint32_t, fusescope_duration_stats> durations{};  // other opcodes
};

class RowTable {
 public:
  RowTable() = default;
  RowTable(const RowTable&) = default;
  RowTable(RowTable&&) = default;
  RowTable& operator=(const RowTable&) = delete;
  RowTable& operator=(RowTable&&) = delete;
  virtual ~RowTable() = default;

  // The rows of all connections that have sent a request, without that of the connections beyond
  // FUSESCOPE_MAX_MOUNTS.
  [[nodiscard]] virtual std::vector<Row> rows() const = 0;

  // What has ended of a row since the session began, over all CPUs. To be read before the rest, so
  // that never more has ended than was sent.
  [[nodiscard]] virtual Ended ended(std::uint32_t row) const = 0;

  // All that a row has counted since the session began, with what had ended before.
  [[nodiscard]] virtual Counters counters(std::uint32_t row, Ended ended) const = 0;

  // Counts as lost what is in flight of a row whose connection is gone.
  virtual void drop_unmounted(std::uint32_t row) = 0;

  // Gives the row of a connection that is gone back. Its counters go on from where they are.
  virtual void release(std::uint32_t row) = 0;
};

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "agent/base/error.h"
#include "agent/host/mounts.h"
#include "agent/model/snapshot.h"
#include "agent/probe/reader.h"
#include "agent/probe/session.h"

namespace fusescope {

// Joins what the kernel side counted with what the host says of its mounts. Not thread-safe.
class Collector {
 public:
  // Both must outlive the collector.
  Collector(const Session& session, const Reader& reader) : session_(session), reader_(reader) {}

  // Everything as of now: ended calls are settled first. The row of a mount that is gone is shown
  // once more, at its last values, and then given back.
  Result<Snapshot> collect();

 private:
  using Devices = std::map<std::uint32_t, fusescope_device_record>;     // by device number
  using MountSnapshots = std::map<std::uint32_t, MountSnapshot>;        // by device number

  Result<void> refresh_devices();
  [[nodiscard]] std::set<std::uint32_t> seen_devices(const std::vector<Row>& rows) const;
  [[nodiscard]] MountSnapshots snapshots_of(const MountsByDevice& mounts) const;
  void add_row(const Row& row, const MountsByDevice& mounts, MountSnapshots& into);
  [[nodiscard]] bool is_gone(const Row& row, const MountsByDevice& mounts) const;
  void release(const Row& row);
  void keep_within_limit(const std::vector<Row>& rows, MountSnapshots& snapshots);

  const Session& session_;
  const Reader& reader_;
  Mounts mounts_;
  Devices devices_;
  std::chrono::steady_clock::time_point next_device_walk_{};
  std::map<std::uint32_t, MountIdentity> last_identity_;  // by row, for when its mount is gone
  std::map<std::uint32_t, Counters> baseline_;            // by row, from when it was given back
  std::set<std::uint32_t> dropped_;                       // devices that never had their own row
};

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
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

  // Everything as of now: ended calls are settled first. A mount that is gone is shown once more,
  // at its last values. If one with the same labels comes back, its counters go on from there: no
  // counter goes down while the agent runs.
  Result<Snapshot> collect();

 private:
  using Devices = std::map<std::uint32_t, fusescope_device_record>;  // by device number
  using Labels = std::pair<std::string, std::string>;                // mountpoint, fstype

  Result<void> refresh_devices(const std::vector<Row>& rows, const MountsByDevice& mounts);
  [[nodiscard]] std::set<std::uint32_t> gone_rows(const std::vector<Row>& rows,
                                                  const MountsByDevice& mounts) const;
  [[nodiscard]] std::set<std::uint32_t> seen_devices(const std::vector<Row>& rows) const;
  [[nodiscard]] MountSnapshot snapshot_of(const Row& row, const MountsByDevice& mounts, bool gone);
  void add_silent_mounts(const std::set<std::uint32_t>& with_row, const MountsByDevice& mounts,
                         std::vector<MountSnapshot>& into);
  void add_retired(std::vector<MountSnapshot>& mounts) const;
  void release(const Row& row);
  void complete(MountSnapshot& mount) const;

  const Session& session_;
  const Reader& reader_;
  Mounts mounts_;
  Devices devices_;
  std::chrono::steady_clock::time_point next_device_walk_{};
  std::set<std::uint64_t> detached_;  // connections that are not mounted, but open in a daemon
  std::map<std::uint32_t, MountIdentity> identity_;  // by row, kept for when its mount is gone
  std::map<std::uint32_t, Counters> baseline_;       // by row, from when it was given back
  std::map<Labels, Counters> retired_;  // of mounts that are gone, should one like it come back
  std::deque<Labels> retired_order_;    // oldest first
  std::set<std::uint32_t> dropped_;     // devices that never had their own row
};

}  // namespace fusescope

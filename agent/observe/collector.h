// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/base/error.h"
#include "agent/host/daemons.h"
#include "agent/host/mounts.h"
#include "agent/model/earlier.h"
#include "agent/model/ledger.h"
#include "agent/model/snapshot.h"
#include "agent/observe/connection_rows.h"
#include "agent/probe/reader.h"
#include "agent/probe/session.h"

namespace fusescope {

// Joins what the kernel side counted with what the host says of its mounts. Not thread-safe. A
// mount is shown under the name that ConnectionRows gives it, and once it has one.
class Collector {
 public:
  // Session and reader must outlive the collector. What needs privileges over other processes is
  // asked of `processes`. With a walker, that has its own thread, it waits for names; without, it
  // walks itself, and what it does not find is unknown at once.
  Collector(Session& session, Reader& reader, const std::shared_ptr<OtherProcesses>& processes,
            const std::shared_ptr<MountWalker>& walker);
  ~Collector() = default;
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  // To be called about once a second: counts the calls that have ended and, less often, gives back
  // the rows of mounts that are gone, so that neither table fills up between two scrapes.
  Result<void> keep_house();

  // Everything as of now. A mount that is gone is shown once more, at its last values. If one with
  // the same labels comes back, its counters go on from there: no counter goes down while the
  // agent runs.
  Result<Snapshot> collect();

  // The same, but only of the mounts that are there, for one who looks between two scrapes: what
  // the next scrape shows does not depend on it.
  Result<Snapshot> look();

  // For the log: what the walk through other namespaces leaves out or is late with; empty: nothing.
  [[nodiscard]] std::string walk_complaint() const;

 private:
  using InFlightByRow = std::map<std::uint32_t, InFlight>;
  using EndedByRow = std::map<std::uint32_t, Ended>;
  using Clock = HostConnections::Clock;

  void follow_host_limits();
  Result<void> refresh();
  Result<Snapshot> present();
  void read_rows_and_mounts();
  [[nodiscard]] bool is_walk_due(Clock::time_point now) const;
  Result<void> refresh_devices();
  [[nodiscard]] Addresses connections() const;
  Result<void> follow_earlier();
  [[nodiscard]] WantedDevices wanted_devices() const;
  [[nodiscard]] std::set<MountLabels> present_labels() const;
  [[nodiscard]] EndedByRow ended_by_row() const;
  [[nodiscard]] SelfSnapshot self_snapshot(const fusescope_self_stats& stats) const;
  void add_rows(EndedByRow& ended, InFlightByRow& in_flight, std::vector<MountSnapshot>& into);
  void add_other(EndedByRow& ended, InFlightByRow& in_flight, MountSnapshot other,
                 std::vector<MountSnapshot>& into);
  void add_silent(std::vector<MountSnapshot>& into, MountSnapshot& others);
  void add_earlier(MountSnapshot& mount, std::uint64_t connection, std::uint32_t waiting);
  void show_earlier(MountSnapshot& mount, std::uint64_t requests) const;
  void add_open(MountSnapshot& mount);
  void complete(MountSnapshot& mount) const;
  void add_processes(Snapshot& into);

  Session& session_;
  Reader& reader_;
  Mounts host_mounts_;
  HostConnections host_;
  Ledger ledger_;
  ConnectionRows rows_;
  Daemons daemons_;
  EarlierRequests earlier_;
  Clock::time_point next_device_walk_{};
  Clock::time_point next_cleaning_{};
  Clock::time_point began_ = Clock::now();
  std::set<std::uint32_t> gone_processes_;  // at the latest look
  std::set<std::uint32_t> dropped_;         // devices that never had their own row
};

}  // namespace fusescope

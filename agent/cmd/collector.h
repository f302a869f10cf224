// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/error.h"
#include "agent/host/daemons.h"
#include "agent/host/mounts.h"
#include "agent/model/earlier.h"
#include "agent/model/ledger.h"
#include "agent/model/snapshot.h"
#include "agent/probe/reader.h"
#include "agent/probe/session.h"

namespace fusescope {

// Joins what the kernel side counted with what the host says of its mounts. Not thread-safe.
//
// Each connection has a name, and what it counts is added to that name's counters, once. So a
// wrong or late name may put a count in the wrong place, but never takes one back. A connection
// that no table names yet is not shown until one does, or until all were read: only then its name
// is "unknown". One whose row changed hands while tables were read waits for the next time.
class Collector {
 public:
  // Session and reader must outlive the collector. What needs rights over other processes is asked
  // of `processes`. With a walker, that has its own thread, it waits for names; without, it walks
  // itself, and what it does not find is unknown at once.
  Collector(const Session& session, const Reader& reader,
            const std::shared_ptr<OtherProcesses>& processes = std::make_shared<ProcfsProcesses>(),
            std::shared_ptr<MountWalker> walker = nullptr)
      : session_(session),
        reader_(reader),
        waits_for_names_(walker != nullptr),
        host_mounts_("/proc", std::move(walker)),
        daemons_(processes) {}

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
  using Devices = std::map<std::uint32_t, fusescope_device_record>;  // by device number
  using InFlightByRow = std::map<std::uint32_t, InFlight>;
  using EndedByRow = std::map<std::uint32_t, Ended>;
  using Clock = std::chrono::steady_clock;  // the clock of claimed_ns

  void follow_host_limits() const;
  Result<void> refresh();
  Result<Snapshot> present();
  Result<void> refresh_devices();
  [[nodiscard]] Addresses connections() const;
  Result<void> follow_earlier();
  // What a row is called, once that is known.
  struct Naming {
    std::optional<MountIdentity> identity;
    Clock::time_point since;  // when it was first seen
  };

  void read_rows_and_mounts();
  void identify();
  void rename(const Row& row, Naming& naming, const MountIdentity& to);
  [[nodiscard]] bool is_awaited(const Row& row, const Naming& naming) const;
  [[nodiscard]] bool is_called(const Row& row, const MountIdentity& identity) const;
  [[nodiscard]] WantedDevices wanted_devices() const;
  [[nodiscard]] std::set<MountLabels> present_labels() const;
  [[nodiscard]] bool are_rows_scarce() const;
  [[nodiscard]] bool is_present(const Row& row) const;
  [[nodiscard]] bool is_superseded(const Row& row) const;
  void release_gone();
  [[nodiscard]] EndedByRow ended_by_row() const;
  void count(std::uint32_t row, const MountIdentity& identity, Ended ended);
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

  const Session& session_;
  const Reader& reader_;
  const bool waits_for_names_;
  Mounts host_mounts_;

  std::vector<Row> rows_;
  std::map<std::uint32_t, std::uint64_t> newest_claims_;  // by device, of all rows
  std::size_t changed_rows_ = 0;                          // while tables were read
  MountsByDevice mounts_;
  Devices devices_;
  Daemons daemons_;
  Clock::time_point devices_as_of_{};
  Clock::time_point next_device_walk_{};
  Clock::time_point next_cleaning_{};
  std::set<std::uint64_t> detached_;  // connections that are not mounted, but open in a daemon
  EarlierRequests earlier_;
  Clock::time_point began_ = Clock::now();

  std::map<std::uint32_t, Naming> naming_;              // by row, kept for when its mount is gone
  std::map<std::uint32_t, Counters> counted_;           // by row, what is in the ledger
  std::map<std::uint32_t, Clock::time_point> leaving_;  // rows of mounts that are gone since then
  Ledger ledger_{{.mountpoint = "other", .fstype = "other", .source = ""}};
  std::uint64_t renamed_ = 0;
  std::set<std::uint32_t> gone_processes_;  // at the latest look
  std::set<std::uint32_t> dropped_;         // devices that never had their own row
};

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/host/other_processes.h"
#include "agent/model/snapshot.h"

namespace fusescope {

// The clock of the kernel's CLOCK_MONOTONIC.
using MonotonicClock = std::chrono::steady_clock;

// A device whose mount is sought.
struct WantedMount {
  // When its connection was first seen. A table that was read before that tells of an earlier mount
  // with the same number.
  MonotonicClock::time_point claimed{};
  MonotonicClock::time_point told{};  // since when it is sought
};

using WantedMounts = std::map<std::uint32_t, WantedMount>;  // by device

struct FoundMount {
  MountIdentity identity;
  std::string name_space{};            // its number: the i of "mnt:[i]"
  MonotonicClock::time_point as_of{};  // when the reading of its table began
};

using FoundMounts = std::map<std::uint32_t, FoundMount>;  // by device

// What a walk knows of other mount namespaces.
struct WalkFindings {
  FoundMounts mounts;
  // The table of every namespace that had processes then was read since: what is not in mounts, and
  // was sought before, was in none. 0: not yet.
  MonotonicClock::time_point complete_since{};
  std::uint64_t tables_cut = 0;  // tables that were longer than WalkLimits allow, and read in part
};

struct WalkLimits {
  std::chrono::milliseconds step{50};    // after which no other table is begun
  std::chrono::milliseconds table{500};  // after which the rest of a table is left out
  std::size_t table_bytes = std::size_t{16} << 20;
  std::size_t mounts = 1024;  // that are remembered
};

// The walk through the mount tables of all processes, step by step: those of the newest processes
// first, and of those that came since it began in turn with the others, so that neither waits for
// ever. A pass through all of them is made if something is sought that is new, at most one a
// second; every 10 s through the tables that have what is sought; and every 60 s for what was not
// found. Only procfs is read. Not thread-safe.
class MountWalk {
 public:
  // How long after its first request a mount may come into its table.
  static constexpr std::chrono::seconds kAttachTime{2};

  // `proc` is the procfs to read: "/proc", or a directory made up for a test. What needs privileges
  // over other processes is asked of `processes`; without, it is read there too.
  explicit MountWalk(const std::string& proc = "/proc", WalkLimits limits = {},
                     std::shared_ptr<OtherProcesses> processes = nullptr)
      : proc_(proc),
        processes_(processes ? std::move(processes) : std::make_shared<ProcfsProcesses>(proc)),
        limits_(limits) {}

  // Whether step() has anything to do.
  [[nodiscard]] bool is_due(const WantedMounts& wanted) const;

  // Reads until a limit is reached. A table that did not fit into one step is read in the next.
  void step(const WantedMounts& wanted);

  [[nodiscard]] const WalkFindings& findings() const { return findings_; }

 private:
  using Clock = MonotonicClock;
  struct Table {
    Clock::time_point as_of{};
    std::map<std::uint32_t, MountIdentity> mounts;  // those sought
  };
  enum class Pass { none, of_holders, of_all };
  enum class Read { done, gone, out_of_time };

  [[nodiscard]] Pass pass_due(const WantedMounts& wanted) const;
  void begin_pass(Pass pass);
  void note_new_processes();
  void end_pass();
  std::optional<pid_t> next_process();
  Read look_at(pid_t process, const WantedMounts& wanted, Clock::time_point until);
  Read read_table(pid_t process, const WantedMounts& wanted, Clock::time_point until, Table& into);
  void publish(const WantedMounts& wanted);

  std::string proc_;
  std::shared_ptr<OtherProcesses> processes_;
  WalkLimits limits_;
  std::map<std::string, Table> tables_;  // by namespace
  Pass pass_ = Pass::none;
  Clock::time_point pass_began_{};
  Clock::time_point all_began_{};  // the latest pass of all
  std::vector<pid_t> known_;       // sorted
  std::vector<pid_t> fresh_;       // came since the pass began; the next one last
  std::vector<pid_t> rest_;        // still to be looked at; the next one last
  bool takes_fresh_ = true;
  std::set<std::string> seen_;     // namespaces that this pass is done with
  std::set<std::string> holders_;  // those that have what is sought
  int tables_read_ = 0;            // in this step
  WalkFindings findings_;
};

// Whether what was found is of the connection that is sought.
bool is_of(const FoundMount& found, const WantedMounts& wanted);

}  // namespace fusescope

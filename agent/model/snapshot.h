// SPDX-License-Identifier: Apache-2.0
// Everything that is known at one moment: plain values, which every output is made from.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/model/hook.h"
#include "bpf/abi/abi.h"

namespace fusescope {

// What mountinfo says of a FUSE mount. The strings are labels: see to_label().
struct MountIdentity {
  std::string mountpoint;
  std::string fstype;
  std::string source;
  std::uint32_t device = 0;  // kernel's number: major << 20 | minor; names the fusectl directory
  bool operator==(const MountIdentity&) const = default;
};

struct ErrorKey {
  std::uint32_t opcode = 0;
  std::uint32_t error = 0;  // errno, positive
  auto operator<=>(const ErrorKey&) const = default;
};

// Counters of one connection, over all CPUs, since the agent attached.
struct Counters {
  fusescope_mount_stats data{};                                   // READ and WRITE
  std::map<std::uint32_t, fusescope_duration_stats> durations{};  // other opcodes
  std::map<ErrorKey, std::uint64_t> errors{};                     // error replies
};

struct MountSnapshot {
  MountIdentity identity;
  Counters counters;
  // Requests sent and not yet ended. Also those that were sent before the agent began: they are in
  // the kernel's count of what waits, and not in the agent's own.
  std::uint64_t in_flight = 0;
  std::uint64_t oldest_age_ns = 0;  // of the oldest of these; 0: there is none
  bool oldest_is_older = false;     // it was sent before the agent began: its age is at least this
  std::optional<std::uint64_t> waiting{};    // fuse_conn.num_waiting; absent until it was read
  std::uint64_t blocked_threads = 0;         // that wait because max_background are in use
  std::optional<fusescope_limits> limits{};  // absent until the connection was seen
  std::optional<std::uint64_t> readahead_bytes{};
  // The name of the process that has its /dev/fuse open: any bytes, 15 at most, cut. Empty where
  // that is not known.
  std::string daemon{};
};

struct ProgramStatus {
  std::string name;
  std::uint64_t runs = 0;
  std::uint64_t run_nanoseconds = 0;
  std::uint64_t missed = 0;  // not run, because the program was already running on that CPU
};

struct SelfSnapshot {
  fusescope_self_stats stats{};
  std::uint64_t mounts_dropped = 0;  // mounts that ever had to share the "other" row
  std::uint64_t mounts_unnamed = 0;  // connections that are not shown until a table names them
  std::uint64_t mounts_renamed = 0;  // that were shown under another name before
  std::uint64_t mounts_forgotten = 0;
  std::uint64_t mount_tables_repeated = 0;  // could not be read: the last one was used
  std::uint64_t mount_tables_cut = 0;       // of other namespaces: too long to be read to their end
  // Since all tables of other namespaces were read; absent unless something is sought there.
  std::optional<double> mount_tables_age_seconds{};
  std::vector<HookStatus> hooks;
  std::vector<ProgramStatus> programs;
};

// A process that uses FUSE.
struct ProcessSnapshot {
  std::uint32_t process = 0;  // its id, of the host; 0: the kernel
  std::string command{};      // any bytes
  // The mount that it used last, with what this process alone has counted, on whatever mounts, and
  // has in flight. Durations are not by opcode.
  MountSnapshot mount{};
};

struct Snapshot {
  std::vector<MountSnapshot> mounts;         // sorted by mountpoint, then fstype; no two alike
  std::vector<ProcessSnapshot> processes{};  // empty unless the session counts by process
  SelfSnapshot self;
};

// How its requests travel: dev_fuse, virtiofs or io_uring.
const char* transport_of(const MountSnapshot& mount);

// Field by field: into += from. Both come from counters that only grow. Of the most requests of a
// call the higher one is taken.
void add(Counters& into, const Counters& from);
void add(fusescope_mount_stats& into, const fusescope_mount_stats& from);
void add(fusescope_duration_stats& into, const fusescope_duration_stats& from);

// Durations of all opcodes together.
fusescope_duration_stats all_durations(const Counters& counters);

// Field by field: now - before, for two readings of the same counters. Opcodes without a request in
// between are left out. The most requests of a call are those since the first reading of all.
Counters difference(const Counters& now, const Counters& before);

// Field by field how much `now` is above `before`; 0 where it is below, because a time that was
// still running was read.
Counters growth(const Counters& now, const Counters& before);

// Whether the reading `now` can be a later one of the same counters: none is below what it was.
bool is_later(const Counters& now, const Counters& before);

// Whether nothing was counted.
bool is_empty(const Counters& counters);

// Sorts, and joins the mounts that would have the same labels (one mounted over the other at one
// place): their counters are added up, and limits are those of the later one.
void make_distinct(std::vector<MountSnapshot>& mounts);

}  // namespace fusescope

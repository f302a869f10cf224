// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

#include "agent/base/error.h"
#include "agent/model/earlier.h"
#include "agent/model/snapshot.h"
#include "agent/probe/row_table.h"
#include "agent/probe/session.h"

namespace fusescope {

// What is in flight of a row.
struct InFlight {
  std::uint64_t requests = 0;
  std::uint64_t oldest_age_ns = 0;  // 0: there is none
};

// The counters of a process in the kernel.
struct ProcessRow {
  std::uint32_t process = 0;  // its id, of the host; 0: the kernel
  std::string command;
  std::uint32_t row = 0;  // of the mount that it used last
  Counters counters;
  InFlight in_flight;
};

// Shared memory of one array map.
class MappedArray {
 public:
  MappedArray(int map, std::size_t bytes);
  ~MappedArray();
  MappedArray(MappedArray&& other) noexcept;
  MappedArray(const MappedArray&) = delete;
  MappedArray& operator=(const MappedArray&) = delete;
  MappedArray& operator=(MappedArray&&) = delete;
  [[nodiscard]] void* data() const { return data_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] int error() const { return error_; }  // errno of mmap, or 0

 private:
  void* data_;
  std::size_t bytes_;
  int error_;
};

// Reads what the programs of a session have counted. Needs no capability.
class Reader : public RowTable {
 public:
  // The session must outlive the reader.
  static Result<Reader> open(Session& session);

  // Counts the calls that have ended without a request to show it: to be called before rows().
  [[nodiscard]] Result<void> count_ended_calls();

  // Read from shared memory.
  [[nodiscard]] std::vector<Row> rows() const override;
  [[nodiscard]] Ended ended(std::uint32_t row) const override;
  [[nodiscard]] Counters counters(std::uint32_t row, Ended ended) const override;
  void drop_unmounted(std::uint32_t row) override;
  void release(std::uint32_t row) override;

  [[nodiscard]] std::map<std::uint32_t, InFlight> in_flight() const;  // by row

  // Counts as lost what is in flight, but will not end: a request whose thread is gone, or waits
  // for a later one, was taken back when that thread was killed (request_wait_answer(),
  // fs/fuse/dev.c). The later one is the FLUSH of the files that it closes. Threads are named by
  // the host's ids.
  void drop_killed(const std::function<bool(pid_t)>& is_thread_gone);

  // Reads the limits in rows() again, and what waits, so that they are those of now.
  [[nodiscard]] Result<void> refresh_limits();

  // Whether rows() know what waits.
  [[nodiscard]] bool sees_waiting() const { return session_->connection_walk() != nullptr; }

  // The requests that lie in the kernel's lists of each connection that has an open /dev/fuse or a
  // row, and whose sending was not seen. Empty where this kernel has no iterators.
  [[nodiscard]] Result<Listing> list_requests();

  // Threads of a row that are blocked now, because max_background requests are in use.
  [[nodiscard]] std::uint64_t blocked_threads(std::uint32_t row) const;

  // What each process has counted and has in flight, where it is counted by process.
  [[nodiscard]] std::vector<ProcessRow> processes() const;

  // Gives back the row of a process that is gone.
  void forget_process(std::uint32_t process);

  // Every open /dev/fuse of this host; one connection may have several.
  [[nodiscard]] Result<std::vector<fusescope_device_record>> devices() const;

  [[nodiscard]] fusescope_self_stats self_stats() const;
  [[nodiscard]] std::vector<ProgramStatus> programs() const;

 private:
  // When the latest request of each thread that waits for one was sent.
  [[nodiscard]] std::unordered_map<std::uint64_t, std::uint64_t> newest_by_sender() const;
  explicit Reader(Session& session);

  [[nodiscard]] std::span<fusescope_inflight> inflight_slots() const;
  void drop(fusescope_inflight& slot, __u64 request, fusescope_lost reason);
  void add_errors(Counters& counters, std::uint32_t row) const;
  [[nodiscard]] fusescope_blocked* blocked(std::uint32_t row) const;
  [[nodiscard]] std::uint64_t blocked_until_now(std::uint32_t row) const;
  [[nodiscard]] fusescope_connection* connection(std::uint32_t row) const;

  Session* session_;
  MappedArray connections_;
  MappedArray inflight_;
  MappedArray error_rows_;
  MappedArray blocked_;
  MappedArray duration_rows_;
  MappedArray mount_stats_;
  MappedArray durations_;
  MappedArray self_;
  MappedArray listed_;
};

}  // namespace fusescope

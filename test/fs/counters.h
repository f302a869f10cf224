// SPDX-License-Identifier: Apache-2.0
// What was received and what was replied, per opcode.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <unordered_map>

#include "fs/request.h"

namespace countfs {

struct OpcodeCounts {
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  // READ and WRITE only:
  std::uint64_t bytes = 0;          // asked for
  std::uint64_t replied_bytes = 0;  // read or written, as replied
  std::uint64_t pages = 0;          // pages that the request's file range touches
  std::unordered_map<std::uint32_t, std::uint64_t> sizes;

  void add(const OpcodeCounts& other);
};

using CountsByOpcode = std::map<std::uint32_t, OpcodeCounts>;
using CountsByNode = std::map<std::uint64_t, CountsByOpcode>;  // what was received, not replies

// One worker's counts. Only its worker writes, so the lock is free but while a snapshot is taken.
class alignas(64) Counters {
 public:
  explicit Counters(std::uint32_t page_size) : page_size_(page_size) {}

  void received(const Request& request);
  void replied(std::uint32_t opcode, bool error, std::uint64_t bytes);
  void add_to(CountsByOpcode& total) const;
  void add_to(CountsByNode& total) const;

 private:
  using ByOpcode = std::unordered_map<std::uint32_t, OpcodeCounts>;

  void count(OpcodeCounts& counts, const Request& request) const;
  std::uint64_t page_span(const Request& request) const;

  std::uint32_t page_size_;
  mutable std::mutex lock_;
  ByOpcode by_opcode_;
  std::unordered_map<std::uint64_t, ByOpcode> by_node_;
};

// Requests that were received and not yet replied.
class InFlight {
 public:
  void enter();
  void leave() { now_.fetch_sub(1, std::memory_order_relaxed); }
  std::uint64_t largest() const { return largest_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> now_{0};
  std::atomic<std::uint64_t> largest_{0};
};

}  // namespace countfs

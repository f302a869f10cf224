// SPDX-License-Identifier: Apache-2.0
#include "fs/counters.h"

namespace countfs {

void OpcodeCounts::add(const OpcodeCounts& other) {
  requests += other.requests;
  errors += other.errors;
  bytes += other.bytes;
  replied_bytes += other.replied_bytes;
  pages += other.pages;
  for (const auto& [size, count] : other.sizes) sizes[size] += count;
}

void Counters::received(const Request& request) {
  const std::scoped_lock guard(lock_);
  count(by_opcode_[request.opcode], request);
  count(by_node_[request.node][request.opcode], request);
}

void Counters::count(OpcodeCounts& counts, const Request& request) const {
  ++counts.requests;
  if (!is_read(request.opcode) && !is_write(request.opcode)) return;
  counts.bytes += request.size;
  counts.pages += page_span(request);
  ++counts.sizes[request.size];
}

void Counters::replied(std::uint32_t opcode, bool error, std::uint64_t bytes) {
  const std::scoped_lock guard(lock_);
  OpcodeCounts& counts = by_opcode_[opcode];
  counts.errors += error ? 1 : 0;
  counts.replied_bytes += bytes;
}

void Counters::add_to(CountsByOpcode& total) const {
  const std::scoped_lock guard(lock_);
  for (const auto& [opcode, counts] : by_opcode_) total[opcode].add(counts);
}

void Counters::add_to(CountsByNode& total) const {
  const std::scoped_lock guard(lock_);
  for (const auto& [node, by_opcode] : by_node_) {
    for (const auto& [opcode, counts] : by_opcode) total[node][opcode].add(counts);
  }
}

std::uint64_t Counters::page_span(const Request& request) const {
  return (request.offset % page_size_ + request.size + page_size_ - 1) / page_size_;
}

void InFlight::enter() {
  const std::uint64_t now = now_.fetch_add(1, std::memory_order_relaxed) + 1;
  std::uint64_t largest = largest_.load(std::memory_order_relaxed);
  while (now > largest &&
         !largest_.compare_exchange_weak(largest, now, std::memory_order_relaxed)) {
  }
}

}  // namespace countfs

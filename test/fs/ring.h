// SPDX-License-Identifier: Apache-2.0
// One queue of FUSE over io_uring: the kernel has one for each CPU that there can be.
#pragma once

#include <liburing.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "fs/ring_protocol.h"

namespace countfs {

class Ring {
 public:
  // What is to be done with a message; it calls reply() before it returns.
  using Process = std::function<void(std::span<std::byte> message)>;

  // payload_bytes is the most that a message or a reply carries beside its headers.
  Ring(int device, std::uint16_t queue, std::size_t payload_bytes);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // Offers all entries to the kernel. 0, or errno if it does not want them.
  int offer();

  // Until the kernel has ended the connection, or a signal has come and is_over says so.
  void serve(const Process& process, const std::function<bool()>& is_over);

  // Takes a reply to the message that is being processed. False: it is to another one.
  bool reply(std::span<const iovec> parts);

 private:
  static constexpr unsigned int entry_count = 8;

  struct Entry {
    RingHeader header{};
    std::vector<std::byte> payload;
    std::array<iovec, 2> parts{};  // the two above, for the kernel
  };

  void submit(std::size_t index, std::uint32_t command);
  void handle(const io_uring_cqe& completion, const Process& process);
  std::span<std::byte> assemble(const Entry& entry);

  int device_;
  std::uint16_t queue_;
  io_uring ring_{};
  int set_up_;  // 0, or errno
  std::array<Entry, entry_count> entries_;
  std::vector<std::byte> message_;
  std::size_t current_ = 0;             // the entry that is being processed
  unsigned int offered_ = entry_count;  // entries that the kernel has not given back for good
};

// How many queues the kernel wants: num_possible_cpus().
std::uint16_t ring_count();

}  // namespace countfs

// SPDX-License-Identifier: Apache-2.0
// Sees every message between the kernel and libfuse, and counts it. Replies are counted before
// the kernel gets them: when a caller's I/O returns, its requests are in the counts.
#pragma once

#include <sys/uio.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "fs/counters.h"
#include "fs/request.h"

struct fuse_session;

namespace countfs {

class Transport {
 public:
  struct Totals {
    CountsByOpcode by_opcode;
    CountsByNode by_node;
    Negotiated negotiated;
    std::uint64_t max_concurrent = 0;
    std::uint64_t refused_replies = 0;  // the kernel did not want them any more
  };

  // on_initialised is called once, in a worker, when the mount has become usable.
  Transport(InitChanges changes, std::uint32_t workers, std::function<void()> on_initialised);

  // Takes a reply that does not go to the device. False: it does.
  using TakeReply = std::function<bool(std::span<const iovec>)>;

  // For each worker's thread, before it receives or processes anything.
  void enter_worker(std::uint32_t worker, TakeReply take_reply = {});
  // Around libfuse's processing of one message.
  void begin(std::span<const std::byte> message);
  void end();

  // From now on, replies to OPEN name this file: backing.h.
  void pass_through_to(std::int32_t backing) { backing_ = backing; }

  // libfuse calls this to write a reply.
  ssize_t send(int device, std::span<iovec> parts);

  Totals totals() const;

 private:
  struct Worker {
    explicit Worker(std::uint32_t page_size) : counters(page_size) {}
    Counters counters;
    Request request;
    TakeReply take_reply;
    bool in_flight = false;
  };

  void leave_flight(Worker& worker);
  static ssize_t pass_on(const Worker& worker, int device, std::span<const iovec> parts);
  void count_reply(Worker& worker, std::span<const iovec> parts);
  void amend_init(std::span<const iovec> parts);
  static Worker*& this_worker();

  InitChanges changes_;
  std::function<void()> on_initialised_;
  std::vector<std::unique_ptr<Worker>> workers_;
  InFlight in_flight_;
  std::atomic<std::uint64_t> refused_replies_{0};
  std::uint32_t kernel_minor_ = 0;
  std::atomic<std::int32_t> backing_{0};  // 0: none

  mutable std::mutex negotiated_lock_;
  Negotiated negotiated_;
};

}  // namespace countfs

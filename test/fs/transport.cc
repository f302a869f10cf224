// SPDX-License-Identifier: Apache-2.0
#include "fs/transport.h"

#include <linux/fuse.h>
#include <unistd.h>

#include <cerrno>

#include "fs/backing.h"

namespace countfs {
namespace {

std::span<const std::byte> bytes_of(const iovec& part) {
  return {static_cast<const std::byte*>(part.iov_base), part.iov_len};
}

std::span<std::byte> writable_bytes_of(const iovec& part) {
  return {static_cast<std::byte*>(part.iov_base), part.iov_len};
}

std::uint64_t replied_bytes(std::uint32_t opcode, std::span<const iovec> parts) {
  std::uint64_t bytes = 0;
  if (is_read(opcode)) {
    for (const iovec& part : parts.subspan(1)) bytes += part.iov_len;
  } else if (is_write(opcode) && parts.size() > 1) {
    bytes = written_bytes(bytes_of(parts[1]));
  }
  return bytes;
}

}  // namespace

Transport::Transport(InitChanges changes, std::uint32_t workers,
                     std::function<void()> on_initialised)
    : changes_(changes), on_initialised_(std::move(on_initialised)) {
  const auto page_size = static_cast<std::uint32_t>(sysconf(_SC_PAGESIZE));
  for (std::uint32_t worker = 0; worker < workers; ++worker) {
    workers_.push_back(std::make_unique<Worker>(page_size));
  }
}

// libfuse gives its I/O callbacks nothing that tells the worker, so the thread has to.
Transport::Worker*& Transport::this_worker() {
  thread_local Worker* worker = nullptr;
  return worker;
}

void Transport::enter_worker(std::uint32_t worker, TakeReply take_reply) {
  this_worker() = workers_[worker].get();
  this_worker()->take_reply = std::move(take_reply);
}

void Transport::begin(std::span<const std::byte> message) {
  Worker& worker = *this_worker();
  worker.request = parse_request(message).value_or(Request{});
  if (is_init(worker.request.opcode)) kernel_minor_ = init_minor_version(message);
  worker.counters.received(worker.request);
  worker.in_flight = true;
  in_flight_.enter();
}

// For requests that get no reply, such as FORGET.
void Transport::end() { leave_flight(*this_worker()); }

void Transport::leave_flight(Worker& worker) {
  if (worker.in_flight) in_flight_.leave();
  worker.in_flight = false;
}

void Transport::count_reply(Worker& worker, std::span<const iovec> parts) {
  const auto& header = *static_cast<const fuse_out_header*>(parts[0].iov_base);
  const bool error = header.error != 0;
  if (header.unique == worker.request.unique) {
    leave_flight(worker);
    const std::uint32_t opcode = worker.request.opcode;
    worker.counters.replied(opcode, error, error ? 0 : replied_bytes(opcode, parts));
  } else if (is_interrupt_reply(header.unique)) {
    // libfuse answers an INTERRUPT that came too early from whichever worker finds it.
    worker.counters.replied(interrupt_opcode(), error, 0);
  }
}

void Transport::amend_init(std::span<const iovec> parts) {
  const std::scoped_lock guard(negotiated_lock_);
  negotiated_ = amend_init_reply(writable_bytes_of(parts[1]), changes_, kernel_minor_);
}

ssize_t Transport::pass_on(const Worker& worker, int device, std::span<const iovec> parts) {
  if (!worker.take_reply || !worker.take_reply(parts)) {
    return ::writev(device, parts.data(), static_cast<int>(parts.size()));
  }
  ssize_t bytes = 0;
  for (const iovec& part : parts) bytes += static_cast<ssize_t>(part.iov_len);
  return bytes;
}

ssize_t Transport::send(int device, std::span<iovec> parts) {
  Worker& worker = *this_worker();
  count_reply(worker, parts);
  const bool init = is_init(worker.request.opcode) && parts.size() > 1;
  if (init) amend_init(parts);
  if (backing_ != 0 && is_open(worker.request.opcode) && parts.size() > 1) {
    pass_through(writable_bytes_of(parts[1]), backing_);
  }
  const ssize_t sent = pass_on(worker, device, parts);
  const int error = errno;
  if (sent < 0) ++refused_replies_;
  if (sent >= 0 && init) on_initialised_();
  errno = error;
  return sent;
}

Transport::Totals Transport::totals() const {
  Totals totals;
  totals.max_concurrent = in_flight_.largest();
  totals.refused_replies = refused_replies_;
  for (const auto& worker : workers_) {
    worker->counters.add_to(totals.by_opcode);
    worker->counters.add_to(totals.by_node);
  }
  const std::scoped_lock guard(negotiated_lock_);
  totals.negotiated = negotiated_;
  return totals;
}

}  // namespace countfs

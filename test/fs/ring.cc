// SPDX-License-Identifier: Apache-2.0
#include "fs/ring.h"

#include <linux/fuse.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace countfs {

Ring::Ring(int device, std::uint16_t queue, std::size_t payload_bytes)
    : device_(device),
      queue_(queue),
      set_up_(-::io_uring_queue_init(entry_count, &ring_, IORING_SETUP_SQE128)),
      message_(sizeof(fuse_in_header) + sizeof(RingHeader::op_in) + payload_bytes) {
  for (Entry& entry : entries_) {
    entry.payload.resize(payload_bytes);
    entry.parts = {iovec{&entry.header, sizeof(entry.header)},
                   iovec{entry.payload.data(), entry.payload.size()}};
  }
}

Ring::~Ring() {
  if (set_up_ == 0) ::io_uring_queue_exit(&ring_);
}

void Ring::submit(std::size_t index, std::uint32_t command) {
  const Entry& entry = entries_[index];
  io_uring_sqe* const submission = ::io_uring_get_sqe(&ring_);
  if (submission == nullptr) std::abort();  // there is a place for each entry
  std::memset(submission, 0, 2 * sizeof(*submission));
  submission->opcode = IORING_OP_URING_CMD;
  submission->fd = device_;
  submission->cmd_op = command;
  submission->addr = reinterpret_cast<std::uintptr_t>(entry.parts.data());
  submission->len = static_cast<std::uint32_t>(entry.parts.size());
  submission->user_data = index;
  const RingCommand about{
      .flags = 0, .commit_id = entry.header.commit_id, .queue = queue_, .padding = {}};
  std::memcpy(submission->cmd, &about, sizeof(about));
}

int Ring::offer() {
  if (set_up_ != 0) return set_up_;
  for (std::size_t index = 0; index < entries_.size(); ++index) submit(index, command_register);
  if (const int submitted = ::io_uring_submit(&ring_); submitted < 0) return -submitted;
  // An entry that is refused completes at once; one with a request stays for serve().
  io_uring_cqe* completion = nullptr;
  const bool completed = ::io_uring_peek_cqe(&ring_, &completion) == 0;
  return completed && completion->res < 0 ? -completion->res : 0;
}

void Ring::serve(const Process& process, const std::function<bool()>& is_over) {
  while (offered_ > 0) {
    const int submitted = ::io_uring_submit_and_wait(&ring_, 1);
    if (submitted < 0 && (submitted != -EINTR || is_over())) return;
    io_uring_cqe* completion = nullptr;
    while (::io_uring_peek_cqe(&ring_, &completion) == 0) {
      const io_uring_cqe copy = *completion;
      ::io_uring_cqe_seen(&ring_, completion);
      handle(copy, process);
    }
  }
}

void Ring::handle(const io_uring_cqe& completion, const Process& process) {
  if (completion.res < 0) {
    --offered_;
    return;
  }
  current_ = completion.user_data;
  process(assemble(entries_[current_]));
}

// The message as it would be read from the device.
std::span<std::byte> Ring::assemble(const Entry& entry) {
  fuse_in_header header{};
  std::memcpy(&header, entry.header.in_out, sizeof(header));
  const std::size_t payload = entry.header.payload_bytes;
  const std::size_t argument = header.len - sizeof(header) - payload;
  std::byte* to = message_.data();
  std::memcpy(to, &header, sizeof(header));
  std::memcpy(to + sizeof(header), entry.header.op_in, argument);
  std::memcpy(to + sizeof(header) + argument, entry.payload.data(), payload);
  return std::span(message_).first(header.len);
}

bool Ring::reply(std::span<const iovec> parts) {
  Entry& entry = entries_[current_];
  const auto& header = *static_cast<const fuse_out_header*>(parts[0].iov_base);
  if (header.unique != entry.header.commit_id) return false;
  std::memcpy(entry.header.in_out, &header, sizeof(header));
  std::size_t bytes = 0;
  for (const iovec& part : parts.subspan(1)) {
    std::memcpy(entry.payload.data() + bytes, part.iov_base, part.iov_len);
    bytes += part.iov_len;
  }
  entry.header.payload_bytes = static_cast<std::uint32_t>(bytes);
  submit(current_, command_commit_and_fetch);
  return true;
}

std::uint16_t ring_count() {
  std::string range;  // "0-3"
  std::ifstream("/sys/devices/system/cpu/possible") >> range;
  const auto last = range.substr(range.find_last_of("-,") + 1);
  return static_cast<std::uint16_t>(std::stoul(last) + 1);
}

}  // namespace countfs

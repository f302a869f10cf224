// SPDX-License-Identifier: Apache-2.0
// FUSE over io_uring as the kernel defines it in include/uapi/linux/fuse.h since 6.14; the headers
// that this builds with are older.
#pragma once

#include <cstddef>
#include <cstdint>

namespace countfs {

// Bits of the INIT reply: the second lies in flags2, which counts only with the first.
constexpr std::uint32_t init_extension = 1U << 30;     // FUSE_INIT_EXT
constexpr std::uint32_t init_over_io_uring = 1U << 9;  // FUSE_OVER_IO_URING >> 32
constexpr std::size_t init_reply_flags2 = 32;          // its offset in fuse_init_out

constexpr std::uint32_t command_register = 1;          // FUSE_IO_URING_CMD_REGISTER
constexpr std::uint32_t command_commit_and_fetch = 2;  // FUSE_IO_URING_CMD_COMMIT_AND_FETCH

constexpr std::size_t smallest_payload = 8192;  // FUSE_MIN_READ_BUFFER

// struct fuse_uring_req_header, with struct fuse_uring_ent_in_out at its end.
struct RingHeader {
  std::byte in_out[128];  // fuse_in_header, later fuse_out_header
  std::byte op_in[128];   // the first argument of the request
  std::uint64_t flags;
  std::uint64_t commit_id;
  std::uint32_t payload_bytes;  // the other arguments, later the reply
  std::uint32_t padding;
  std::uint64_t reserved;
};

// struct fuse_uring_cmd_req, in the command area of a submission.
struct RingCommand {
  std::uint64_t flags;
  std::uint64_t commit_id;
  std::uint16_t queue;
  std::uint8_t padding[6];
};

}  // namespace countfs

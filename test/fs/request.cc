// SPDX-License-Identifier: Apache-2.0
#include "fs/request.h"

#include <linux/fuse.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "fs/backing.h"
#include "fs/ring_protocol.h"

namespace countfs {
namespace {

// What the kernel takes where the reply says nothing, or 0.
constexpr std::uint32_t default_max_pages = 32;
constexpr std::uint32_t default_max_background = 12;
constexpr std::uint32_t default_congestion_threshold = 9;

struct OpcodeName {
  std::uint32_t opcode;
  std::string_view name;
};

// Numbers, where the opcode is newer than the headers that this builds with.
constexpr std::array opcode_names = {
    OpcodeName{FUSE_LOOKUP, "lookup"},
    OpcodeName{FUSE_FORGET, "forget"},
    OpcodeName{FUSE_GETATTR, "getattr"},
    OpcodeName{FUSE_SETATTR, "setattr"},
    OpcodeName{FUSE_READLINK, "readlink"},
    OpcodeName{FUSE_SYMLINK, "symlink"},
    OpcodeName{FUSE_MKNOD, "mknod"},
    OpcodeName{FUSE_MKDIR, "mkdir"},
    OpcodeName{FUSE_UNLINK, "unlink"},
    OpcodeName{FUSE_RMDIR, "rmdir"},
    OpcodeName{FUSE_RENAME, "rename"},
    OpcodeName{FUSE_LINK, "link"},
    OpcodeName{FUSE_OPEN, "open"},
    OpcodeName{FUSE_READ, "read"},
    OpcodeName{FUSE_WRITE, "write"},
    OpcodeName{FUSE_STATFS, "statfs"},
    OpcodeName{FUSE_RELEASE, "release"},
    OpcodeName{FUSE_FSYNC, "fsync"},
    OpcodeName{FUSE_SETXATTR, "setxattr"},
    OpcodeName{FUSE_GETXATTR, "getxattr"},
    OpcodeName{FUSE_LISTXATTR, "listxattr"},
    OpcodeName{FUSE_REMOVEXATTR, "removexattr"},
    OpcodeName{FUSE_FLUSH, "flush"},
    OpcodeName{FUSE_INIT, "init"},
    OpcodeName{FUSE_OPENDIR, "opendir"},
    OpcodeName{FUSE_READDIR, "readdir"},
    OpcodeName{FUSE_RELEASEDIR, "releasedir"},
    OpcodeName{FUSE_FSYNCDIR, "fsyncdir"},
    OpcodeName{FUSE_GETLK, "getlk"},
    OpcodeName{FUSE_SETLK, "setlk"},
    OpcodeName{FUSE_SETLKW, "setlkw"},
    OpcodeName{FUSE_ACCESS, "access"},
    OpcodeName{FUSE_CREATE, "create"},
    OpcodeName{FUSE_INTERRUPT, "interrupt"},
    OpcodeName{FUSE_BMAP, "bmap"},
    OpcodeName{FUSE_DESTROY, "destroy"},
    OpcodeName{FUSE_IOCTL, "ioctl"},
    OpcodeName{FUSE_POLL, "poll"},
    OpcodeName{FUSE_NOTIFY_REPLY, "notify_reply"},
    OpcodeName{FUSE_BATCH_FORGET, "batch_forget"},
    OpcodeName{FUSE_FALLOCATE, "fallocate"},
    OpcodeName{FUSE_READDIRPLUS, "readdirplus"},
    OpcodeName{FUSE_RENAME2, "rename2"},
    OpcodeName{FUSE_LSEEK, "lseek"},
    OpcodeName{FUSE_COPY_FILE_RANGE, "copy_file_range"},
    OpcodeName{FUSE_SETUPMAPPING, "setupmapping"},
    OpcodeName{FUSE_REMOVEMAPPING, "removemapping"},
    OpcodeName{50, "syncfs"},
    OpcodeName{51, "tmpfile"},
    OpcodeName{52, "statx"},
    OpcodeName{53, "copy_file_range_64"},
};

template <typename T>
bool copy_from(std::span<const std::byte> message, std::size_t at, T& value) {
  if (message.size() < at + sizeof(T)) return false;
  std::memcpy(&value, message.data() + at, sizeof(T));
  return true;
}

// fuse_read_in and fuse_write_in begin alike: fh, offset, size.
bool parse_data_range(std::span<const std::byte> message, Request& request) {
  static_assert(offsetof(fuse_read_in, offset) == offsetof(fuse_write_in, offset));
  static_assert(offsetof(fuse_read_in, size) == offsetof(fuse_write_in, size));
  fuse_read_in range{};
  if (!copy_from(message, sizeof(fuse_in_header), range)) return false;
  request.offset = range.offset;
  request.size = range.size;
  return true;
}

std::uint32_t or_default(std::uint32_t value, std::uint32_t kernel_default) {
  return value != 0 ? value : kernel_default;
}

// For fields of the kernel's that older headers do not have.
void add_bits(std::span<std::byte> reply, std::size_t offset, std::uint32_t bits) {
  std::uint32_t field = 0;
  if (reply.size() < offset + sizeof(field)) return;
  std::byte* const place = reply.data() + offset;
  std::memcpy(&field, place, sizeof(field));
  field |= bits;
  std::memcpy(place, &field, sizeof(field));
}

}  // namespace

std::optional<Request> parse_request(std::span<const std::byte> message) {
  fuse_in_header header{};
  if (!copy_from(message, 0, header)) return std::nullopt;
  Request request{.opcode = header.opcode, .unique = header.unique, .node = header.nodeid};
  const bool has_range = is_read(header.opcode) || is_write(header.opcode);
  if (has_range && !parse_data_range(message, request)) return std::nullopt;
  return request;
}

std::uint32_t init_minor_version(std::span<const std::byte> message) {
  std::uint32_t minor = 0;
  copy_from(message, sizeof(fuse_in_header) + offsetof(fuse_init_in, minor), minor);
  return minor;
}

Negotiated amend_init_reply(std::span<std::byte> reply, const InitChanges& changes,
                            std::uint32_t kernel_minor) {
  fuse_init_out init{};
  const std::size_t length = std::min(reply.size(), sizeof(init));  // shorter on old kernels
  std::memcpy(&init, reply.data(), length);
  if (changes.no_big_writes) init.flags &= ~static_cast<std::uint32_t>(FUSE_BIG_WRITES);
  if (changes.max_pages) {
    init.max_pages = *changes.max_pages;
    if (init.max_pages == 0) init.flags &= ~static_cast<std::uint32_t>(FUSE_MAX_PAGES);
  }
  if (changes.io_uring || changes.passthrough) init.flags |= init_extension;
  std::memcpy(reply.data(), &init, length);
  if (changes.io_uring) add_bits(reply, init_reply_flags2, init_over_io_uring);
  if (changes.passthrough) {
    add_bits(reply, init_reply_flags2, init_passthrough);
    add_bits(reply, init_reply_stack_depth, backing_stack_depth);
  }
  return Negotiated{
      .proto_major = init.major,
      .proto_minor = std::min(init.minor, kernel_minor),
      .max_write = init.max_write,
      .max_pages = (init.flags & FUSE_MAX_PAGES) != 0 ? init.max_pages : default_max_pages,
      .max_readahead = init.max_readahead,
      .max_background = or_default(init.max_background, default_max_background),
      .congestion_threshold = or_default(init.congestion_threshold, default_congestion_threshold),
      .async_read = (init.flags & FUSE_ASYNC_READ) != 0,
      .async_dio = (init.flags & FUSE_ASYNC_DIO) != 0,
      .big_writes = (init.flags & FUSE_BIG_WRITES) != 0,
      .writeback_cache = (init.flags & FUSE_WRITEBACK_CACHE) != 0,
  };
}

std::uint64_t written_bytes(std::span<const std::byte> write_reply) {
  fuse_write_out reply{};
  copy_from(write_reply, 0, reply);
  return reply.size;
}

std::string opcode_name(std::uint32_t opcode) {
  const auto* const row = std::ranges::find(opcode_names, opcode, &OpcodeName::opcode);
  if (row == opcode_names.end()) return "opcode_" + std::to_string(opcode);
  return std::string(row->name);
}

bool is_read(std::uint32_t opcode) { return opcode == FUSE_READ; }
bool is_write(std::uint32_t opcode) { return opcode == FUSE_WRITE; }
bool is_init(std::uint32_t opcode) { return opcode == FUSE_INIT; }
bool is_open(std::uint32_t opcode) { return opcode == FUSE_OPEN; }
// The kernel sets the lowest bit of an interrupted request's number for its INTERRUPT.
bool is_interrupt_reply(std::uint64_t unique) { return (unique & 1) != 0; }
std::uint32_t interrupt_opcode() { return FUSE_INTERRUPT; }

}  // namespace countfs

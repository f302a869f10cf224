// SPDX-License-Identifier: Apache-2.0
// A FUSE request as it came over the wire, before libfuse gets to see it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace countfs {

// The data range is that of READ and WRITE, and zero for all others.
struct Request {
  std::uint32_t opcode = 0;
  std::uint64_t unique = 0;
  std::uint64_t node = 0;
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
};

// What INIT agreed on: what the kernel was told, or its default where it was told nothing.
struct Negotiated {
  std::uint32_t proto_major = 0;
  std::uint32_t proto_minor = 0;
  std::uint32_t max_write = 0;
  std::uint32_t max_pages = 0;
  std::uint32_t max_readahead = 0;
  std::uint32_t max_background = 0;
  std::uint32_t congestion_threshold = 0;
  bool async_read = false;
  bool async_dio = false;
  bool big_writes = false;
  bool writeback_cache = false;
};

// Changes to the INIT reply that libfuse has no option for.
struct InitChanges {
  bool no_big_writes = false;
  bool io_uring = false;
  bool passthrough = false;
  std::optional<std::uint16_t> max_pages;  // 0: FUSE_MAX_PAGES is not negotiated at all
};

// None when the message is too short for its opcode.
std::optional<Request> parse_request(std::span<const std::byte> message);

std::uint32_t init_minor_version(std::span<const std::byte> message);

// Applies the changes to the INIT reply in place, and tells what it says then.
Negotiated amend_init_reply(std::span<std::byte> reply, const InitChanges& changes,
                            std::uint32_t kernel_minor);

std::uint64_t written_bytes(std::span<const std::byte> write_reply);

// "read", "batch_forget", …; "opcode_99" for one that is not known here.
std::string opcode_name(std::uint32_t opcode);

bool is_read(std::uint32_t opcode);
bool is_write(std::uint32_t opcode);
bool is_init(std::uint32_t opcode);
bool is_open(std::uint32_t opcode);
bool is_interrupt_reply(std::uint64_t unique);
std::uint32_t interrupt_opcode();

}  // namespace countfs

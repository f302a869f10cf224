// SPDX-License-Identifier: Apache-2.0
// FUSE passthrough, as the kernel defines it in include/uapi/linux/fuse.h since 6.9; the headers
// that this builds with are older. The caller's thread does the I/O of an open file on a file of
// another filesystem, and no READ or WRITE is sent (fs/fuse/passthrough.c).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>

#include "fs/error.h"

namespace countfs {

// Bits and fields of the INIT reply; flags2 counts only with FUSE_INIT_EXT.
constexpr std::uint32_t init_passthrough = 1U << 5;  // FUSE_PASSTHROUGH >> 32
constexpr std::size_t init_reply_stack_depth = 36;   // offset of max_stack_depth in fuse_init_out
constexpr std::uint32_t backing_stack_depth = 1;     // that filesystem is itself on none

// Gives the kernel a file to do I/O on, by its path; tells the number to name it by. Needs
// CAP_SYS_ADMIN.
std::expected<std::int32_t, fusetest::Error> open_backing(int device, const std::string& path);

// Makes a reply to OPEN say that I/O is to be done on that file.
void pass_through(std::span<std::byte> open_reply, std::int32_t backing);

}  // namespace countfs

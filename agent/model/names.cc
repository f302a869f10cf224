// SPDX-License-Identifier: Apache-2.0
#include "agent/model/names.h"

#include <array>
#include <cstring>

namespace fusescope {
namespace {

template <std::size_t Count>
using Names = std::array<const char*, Count>;

constexpr Names<FUSESCOPE_OPS> kOps = {"read", "write"};
constexpr Names<FUSESCOPE_MODES> kModes = {"direct", "buffered"};
constexpr Names<FUSESCOPE_ORIGINS> kOrigins = {"call", "readahead", "writeback", "other"};
constexpr Names<FUSESCOPE_PHASES> kPhases = {"blocked", "queued", "service"};
constexpr Names<FUSESCOPE_CAUSES> kCauses = {
    "unknown",   "unmerged",      "short_reply",      "page_slots",   "max_pages", "max_read",
    "max_write", "no_big_writes", "readahead_window", "partial_page", "pipe"};
constexpr Names<FUSESCOPE_LOSSES> kLosses = {"inflight_full", "calls_full",  "call_beginning",
                                             "unmatched_end", "never_ended", "duration_rows",
                                             "call_end",      "guard_busy",  "process",
                                             "killed",        "unmounted",   "error_rows"};

// By opcode number; the gaps in the numbers are gaps in the protocol.
constexpr Names<54> kOpcodes = {
    nullptr,        "lookup",        "forget",      "getattr",  "setattr",  "readlink",
    "symlink",      nullptr,         "mknod",       "mkdir",    "unlink",   "rmdir",
    "rename",       "link",          "open",        "read",     "write",    "statfs",
    "release",      nullptr,         "fsync",       "setxattr", "getxattr", "listxattr",
    "removexattr",  "flush",         "init",        "opendir",  "readdir",  "releasedir",
    "fsyncdir",     "getlk",         "setlk",       "setlkw",   "access",   "create",
    "interrupt",    "bmap",          "destroy",     "ioctl",    "poll",     "notify_reply",
    "batch_forget", "fallocate",     "readdirplus", "rename2",  "lseek",    "copy_file_range",
    "setupmapping", "removemapping", "syncfs",      "tmpfile",  "statx",    "copy_file_range_64"};

struct CauseScope {
  bool read_direct, read_buffered, write_direct, write_buffered;
};
constexpr std::array<CauseScope, FUSESCOPE_CAUSES> kScopes = {{
    {true, true, true, true},     // unknown
    {true, false, true, false},   // unmerged
    {true, false, true, false},   // short_reply
    {true, false, true, true},    // page_slots
    {true, true, true, true},     // max_pages
    {true, true, false, false},   // max_read
    {false, false, true, true},   // max_write
    {false, false, false, true},  // no_big_writes
    {false, true, false, false},  // readahead_window
    {false, false, false, true},  // partial_page
    {false, true, false, true},   // pipe
}};

}  // namespace

const char* name_of(fusescope_op op) { return kOps.at(op); }
const char* name_of(fusescope_mode mode) { return kModes.at(mode); }
const char* name_of(fusescope_cause cause) { return kCauses.at(cause); }
const char* name_of(fusescope_origin origin) { return kOrigins.at(origin); }
const char* name_of(fusescope_phase phase) { return kPhases.at(phase); }
const char* name_of(fusescope_lost reason) { return kLosses.at(reason); }

std::string opcode_name(std::uint32_t opcode) {
  if (opcode == FUSESCOPE_MAX_OPCODES - 1) return "other";
  if (opcode < kOpcodes.size() && kOpcodes[opcode]) return kOpcodes[opcode];
  return "opcode_" + std::to_string(opcode);
}

std::string error_name(std::uint32_t error) {
  const char* name = strerrorname_np(static_cast<int>(error));
  return name ? name : "errno_" + std::to_string(error);
}

bool cause_applies(fusescope_cause cause, fusescope_op op, fusescope_mode mode) {
  const CauseScope& scope = kScopes.at(cause);
  if (op == FUSESCOPE_READ)
    return mode == FUSESCOPE_DIRECT ? scope.read_direct : scope.read_buffered;
  return mode == FUSESCOPE_DIRECT ? scope.write_direct : scope.write_buffered;
}

}  // namespace fusescope

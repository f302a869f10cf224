// SPDX-License-Identifier: Apache-2.0
#include "agent/model/names.h"

#include <array>
#include <cstring>

#include "agent/base/enum_name.h"

namespace fusescope {
namespace {

// By opcode number; the gaps in the numbers are gaps in the protocol.
constexpr std::array<const char*, 54> kOpcodes = {
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

const char* name_of(fusescope_op op) {
  switch (op) {
    case FUSESCOPE_READ: return "read";
    case FUSESCOPE_WRITE: return "write";
    case FUSESCOPE_OPS: break;
  }
  not_of_enum(op);
}

const char* name_of(fusescope_mode mode) {
  switch (mode) {
    case FUSESCOPE_DIRECT: return "direct";
    case FUSESCOPE_BUFFERED: return "buffered";
    case FUSESCOPE_MODES: break;
  }
  not_of_enum(mode);
}

const char* name_of(fusescope_cause cause) {
  switch (cause) {
    case FUSESCOPE_CAUSE_UNKNOWN: return "unknown";
    case FUSESCOPE_CAUSE_UNMERGED: return "unmerged";
    case FUSESCOPE_CAUSE_SHORT_REPLY: return "short_reply";
    case FUSESCOPE_CAUSE_PAGE_SLOTS: return "page_slots";
    case FUSESCOPE_CAUSE_MAX_PAGES: return "max_pages";
    case FUSESCOPE_CAUSE_MAX_READ: return "max_read";
    case FUSESCOPE_CAUSE_MAX_WRITE: return "max_write";
    case FUSESCOPE_CAUSE_NO_BIG_WRITES: return "no_big_writes";
    case FUSESCOPE_CAUSE_READAHEAD_WINDOW: return "readahead_window";
    case FUSESCOPE_CAUSE_PARTIAL_PAGE: return "partial_page";
    case FUSESCOPE_CAUSE_PIPE: return "pipe";
    case FUSESCOPE_CAUSES: break;
  }
  not_of_enum(cause);
}

const char* name_of(fusescope_origin origin) {
  switch (origin) {
    case FUSESCOPE_ORIGIN_CALL: return "call";
    case FUSESCOPE_ORIGIN_READAHEAD: return "readahead";
    case FUSESCOPE_ORIGIN_WRITEBACK: return "writeback";
    case FUSESCOPE_ORIGIN_OTHER: return "other";
    case FUSESCOPE_ORIGINS: break;
  }
  not_of_enum(origin);
}

const char* name_of(fusescope_phase phase) {
  switch (phase) {
    case FUSESCOPE_PHASE_BLOCKED: return "blocked";
    case FUSESCOPE_PHASE_QUEUED: return "queued";
    case FUSESCOPE_PHASE_SERVICE: return "service";
    case FUSESCOPE_PHASES: break;
  }
  not_of_enum(phase);
}

const char* name_of(fusescope_lost reason) {
  switch (reason) {
    case FUSESCOPE_LOST_INFLIGHT_FULL: return "inflight_full";
    case FUSESCOPE_LOST_CALLS_FULL: return "calls_full";
    case FUSESCOPE_LOST_CALL_BEGINNING: return "call_beginning";
    case FUSESCOPE_LOST_UNMATCHED_END: return "unmatched_end";
    case FUSESCOPE_LOST_NEVER_ENDED: return "never_ended";
    case FUSESCOPE_LOST_DURATION_ROWS: return "duration_rows";
    case FUSESCOPE_LOST_CALL_END: return "call_end";
    case FUSESCOPE_LOST_GUARD_BUSY: return "guard_busy";
    case FUSESCOPE_LOST_PROCESS: return "process";
    case FUSESCOPE_LOST_KILLED: return "killed";
    case FUSESCOPE_LOST_UNMOUNTED: return "unmounted";
    case FUSESCOPE_LOST_ERROR_ROWS: return "error_rows";
    case FUSESCOPE_LOSSES: break;
  }
  not_of_enum(reason);
}

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

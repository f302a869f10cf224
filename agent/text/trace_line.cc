// SPDX-License-Identifier: Apache-2.0
#include "agent/text/trace_line.h"

#include <cstring>

namespace fusescope {
namespace {

constexpr std::uint32_t kRead = 15;  // include/uapi/linux/fuse.h
constexpr std::uint32_t kWrite = 16;

}  // namespace

bool is_data(const fusescope_trace_event& event) {
  return event.opcode == kRead || event.opcode == kWrite;
}

std::optional<std::uint64_t> offset_of(const fusescope_trace_event& event) {
  if (event.offset == FUSESCOPE_OFFSET_UNKNOWN) return std::nullopt;
  return event.offset;
}

std::optional<fusescope_mode> mode_of(const fusescope_trace_event& event) {
  if (!is_data(event)) return std::nullopt;
  return static_cast<fusescope_mode>(event.mode & 1);
}

std::optional<fusescope_cause> cause_of(const fusescope_trace_event& event) {
  if (event.requests <= 1) return std::nullopt;
  return static_cast<fusescope_cause>(event.cause);
}

std::string comm_of(const fusescope_trace_event& event) {
  return {event.who.comm, strnlen(event.who.comm, sizeof(event.who.comm))};
}

std::string file_of(const fusescope_trace_event& event) {
  return {event.file, strnlen(event.file, sizeof(event.file))};
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/model/names.h"
#include "agent/model/syscalls.h"
#include "agent/text/json_text.h"
#include "agent/text/trace_text.h"

namespace fusescope {
namespace {

constexpr std::uint32_t kRead = 15;  // include/uapi/linux/fuse.h
constexpr std::uint32_t kWrite = 16;

double seconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

Json id_or_null(std::uint32_t id) { return id ? Json(id) : Json(); }

Json offset_or_null(const fusescope_trace_event& event) {
  return event.offset == FUSESCOPE_OFFSET_UNKNOWN ? Json() : Json(event.offset);
}

const char* mode_name_of(const fusescope_trace_event& event) {
  return name_of(static_cast<fusescope_mode>(event.mode & 1));
}

void add_call(Json& object, const fusescope_trace_event& event) {
  const bool is_split = event.requests > 1;
  object["syscall"] = text_or_null(syscall_name(event.who.syscall));
  object["file"] = text_or_null(file_of(event));
  object["mode"] = mode_name_of(event);
  object["offset"] = offset_or_null(event);
  object["bytes"] = event.bytes;
  object["segments"] = event.segments;
  object["requests"] = event.requests;
  object["pages"] = event.pages;
  object["latency_seconds"] = seconds(event.latency_ns);
  object["cause"] = is_split ? Json(name_of(static_cast<fusescope_cause>(event.cause))) : Json();
}

void add_request(Json& object, const fusescope_trace_event& event) {
  const bool is_data = event.opcode == kRead || event.opcode == kWrite;
  object["mode"] = is_data ? Json(mode_name_of(event)) : Json();
  object["unique"] = event.unique;
  object["node"] = event.node;
  object["offset"] = offset_or_null(event);
  object["bytes"] = is_data ? Json(event.bytes) : Json();
  object["pages"] = is_data ? Json(event.pages) : Json();
  object["queued_seconds"] = event.is_taken ? Json(seconds(event.queued_ns)) : Json();
  object["service_seconds"] = event.is_taken ? Json(seconds(event.service_ns)) : Json();
  object["latency_seconds"] = seconds(event.latency_ns);
  object["error"] = event.error ? Json(error_name(event.error)) : Json();
}

}  // namespace

void add_trace_json(std::string& text, const TraceLine& line) {
  const fusescope_trace_event& event = line.event;
  const bool is_call = event.kind == FUSESCOPE_TRACED_CALL;
  Json object = {
      {"kind", is_call ? "call" : "request"}, {"time", seconds(line.ended_ns)},
      {"comm", text_or_null(comm_of(event))}, {"pid", id_or_null(event.who.process)},
      {"tid", id_or_null(event.who.thread)},  {"mountpoint", text_or_null(line.mountpoint)},
      {"op", opcode_name(event.opcode)}};
  is_call ? add_call(object, event) : add_request(object, event);
  text += json_line(object);
}

std::string trace_end_json(const TraceEnd& end) {
  const Json object = {
      {"kind", "end"}, {"events", end.events}, {"dropped", end.dropped}, {"skipped", end.skipped}};
  return json_line(object);
}

}  // namespace fusescope

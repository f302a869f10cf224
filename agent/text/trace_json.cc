// SPDX-License-Identifier: Apache-2.0
#include "agent/text/trace_json.h"

#include "agent/model/names.h"
#include "agent/model/syscalls.h"
#include "agent/text/json.h"

namespace fusescope {
namespace {

// Null unless `is_known`.
template <class Value>
Json known(bool is_known, Value value) {
  return is_known ? Json(value) : Json();
}

void add_call(Json& object, const fusescope_trace_event& event) {
  object["syscall"] = text_or_null(syscall_name(event.who.syscall));
  object["file"] = text_or_null(file_of(event));
  object["mode"] = name_or_null(mode_of(event));
  object["offset"] = value_or_null(offset_of(event));
  object["bytes"] = event.bytes;
  object["segments"] = event.segments;
  object["requests"] = event.requests;
  object["pages"] = event.pages;
  object["latency_seconds"] = seconds_of(event.latency_ns);
  object["cause"] = name_or_null(cause_of(event));
}

void add_request(Json& object, const fusescope_trace_event& event) {
  object["mode"] = name_or_null(mode_of(event));
  object["unique"] = event.unique;
  object["node"] = event.node;
  object["offset"] = value_or_null(offset_of(event));
  object["bytes"] = known(is_data(event), event.bytes);
  object["pages"] = known(is_data(event), event.pages);
  object["queued_seconds"] = known(event.is_taken, seconds_of(event.queued_ns));
  object["service_seconds"] = known(event.is_taken, seconds_of(event.service_ns));
  object["latency_seconds"] = seconds_of(event.latency_ns);
  object["error"] = event.error ? Json(error_name(event.error)) : Json();
}

}  // namespace

void add_trace_json(std::string& text, const TraceLine& line) {
  const fusescope_trace_event& event = line.event;
  Json object = {{"kind", is_call(event) ? "call" : "request"},
                 {"time", seconds_of(line.ended_ns)},
                 {"comm", text_or_null(comm_of(event))},
                 {"pid", known(event.who.process, event.who.process)},
                 {"tid", known(event.who.thread, event.who.thread)},
                 {"mountpoint", text_or_null(line.mountpoint)},
                 {"op", opcode_name(event.opcode)}};
  is_call(event) ? add_call(object, event) : add_request(object, event);
  text += json_line(object);
}

std::string trace_end_json(const TraceEnd& end) {
  const Json object = {
      {"kind", "end"}, {"events", end.events}, {"dropped", end.dropped}, {"skipped", end.skipped}};
  return json_line(object);
}

}  // namespace fusescope

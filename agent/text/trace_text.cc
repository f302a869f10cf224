// SPDX-License-Identifier: Apache-2.0
#include "agent/text/trace_text.h"

#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "agent/model/label_text.h"
#include "agent/model/names.h"
#include "agent/model/syscalls.h"

namespace fusescope {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint32_t kRead = 15;  // include/uapi/linux/fuse.h
constexpr std::uint32_t kWrite = 16;

template <typename... Values>
std::string text_of(const char* format, Values... values) {
  std::array<char, 320> line{};
  std::snprintf(line.data(), line.size(), format, values...);
  return line.data();
}

std::string time_text(std::uint64_t nanoseconds) {
  const auto seconds = static_cast<std::time_t>(nanoseconds / kSecond);
  std::tm local{};
  localtime_r(&seconds, &local);
  return text_of("%02d:%02d:%02d.%06u", local.tm_hour, local.tm_min, local.tm_sec,
                 static_cast<unsigned>(nanoseconds % kSecond / 1000));
}

std::string id_text(std::uint32_t id) { return id ? std::to_string(id) : "?"; }

std::string or_unknown(const std::string& text) { return text.empty() ? "?" : printable(text); }

std::string milliseconds(std::uint64_t nanoseconds) {
  return text_of("%.3f", static_cast<double>(nanoseconds) / 1e6);
}

bool is_data(const fusescope_trace_event& event) {
  return event.opcode == kRead || event.opcode == kWrite;
}

std::string offset_text(const fusescope_trace_event& event) {
  return event.offset == FUSESCOPE_OFFSET_UNKNOWN ? "-" : std::to_string(event.offset);
}

std::string mode_text(const fusescope_trace_event& event) {
  return is_data(event) ? name_of(static_cast<fusescope_mode>(event.mode & 1)) : "-";
}

// What lines of both kinds begin with.
std::string beginning_of(const TraceLine& line) {
  const fusescope_trace_event& event = line.event;
  return text_of("%-15s %-15s %7s %7s", time_text(line.ended_ns).c_str(),
                 or_unknown(comm_of(event)).c_str(), id_text(event.who.process).c_str(),
                 id_text(event.who.thread).c_str());
}

std::string syscall_text(const fusescope_trace_event& event) {
  if (event.who.syscall == FUSESCOPE_NO_SYSCALL) return "-";
  return or_unknown(syscall_name(event.who.syscall));
}

std::string call_text(const fusescope_trace_event& event) {
  const char* cause = event.requests > 1 ? name_of(static_cast<fusescope_cause>(event.cause)) : "-";
  return text_of(" %-15s %-5s %-8s %12s %9llu %5u %5u %5u %10s %-16s", syscall_text(event).c_str(),
                 opcode_name(event.opcode).c_str(), mode_text(event).c_str(),
                 offset_text(event).c_str(), static_cast<unsigned long long>(event.bytes),
                 event.segments, event.requests, event.pages,
                 milliseconds(event.latency_ns).c_str(), cause);
}

std::string phase_text(const fusescope_trace_event& event, std::uint64_t nanoseconds) {
  return event.is_taken ? milliseconds(nanoseconds) : "-";
}

std::string request_text(const fusescope_trace_event& event) {
  const std::string bytes = is_data(event) ? std::to_string(event.bytes) : "-";
  const std::string pages = is_data(event) ? std::to_string(event.pages) : "-";
  return text_of(
      " %10llu %-12s %-8s %10llu %12s %9s %5s %9s %9s %9s %-10s",
      static_cast<unsigned long long>(event.unique), opcode_name(event.opcode).c_str(),
      mode_text(event).c_str(), static_cast<unsigned long long>(event.node),
      offset_text(event).c_str(), bytes.c_str(), pages.c_str(),
      phase_text(event, event.queued_ns).c_str(), phase_text(event, event.service_ns).c_str(),
      milliseconds(event.latency_ns).c_str(), event.error ? error_name(event.error).c_str() : "-");
}

}  // namespace

std::string comm_of(const fusescope_trace_event& event) {
  return {event.who.comm, strnlen(event.who.comm, sizeof(event.who.comm))};
}

std::string file_of(const fusescope_trace_event& event) {
  return {event.file, strnlen(event.file, sizeof(event.file))};
}

std::string trace_head(fusescope_traced kind) {
  const std::string beginning = text_of("%-15s %-15s %7s %7s", "TIME", "COMM", "PID", "TID");
  if (kind == FUSESCOPE_TRACED_CALL) {
    return beginning +
           text_of(" %-15s %-5s %-8s %12s %9s %5s %5s %5s %10s %-16s", "SYSCALL", "OP", "MODE",
                   "OFFSET", "BYTES", "SEGS", "REQS", "PAGES", "MS", "CAUSE") +
           " MOUNT  FILE\n";
  }
  return beginning +
         text_of(" %10s %-12s %-8s %10s %12s %9s %5s %9s %9s %9s %-10s", "UNIQUE", "OP", "MODE",
                 "NODE", "OFFSET", "BYTES", "PAGES", "QUEUED", "SERVICE", "MS", "ERROR") +
         " MOUNT\n";
}

void add_trace_text(std::string& text, const TraceLine& line) {
  text += beginning_of(line);
  text +=
      line.event.kind == FUSESCOPE_TRACED_CALL ? call_text(line.event) : request_text(line.event);
  text += ' ';
  text += or_unknown(line.mountpoint);
  if (line.event.kind == FUSESCOPE_TRACED_CALL) text += "  " + or_unknown(file_of(line.event));
  text += '\n';
}

std::string trace_end_text(const TraceEnd& end) {
  std::string text =
      std::to_string(end.events) + " events, " + std::to_string(end.dropped) + " dropped";
  if (end.skipped) {
    text += "; this kernel skipped " + std::to_string(end.skipped) +
            " runs of programs, so that lines may lack or be wrong: see 'fusescope doctor'";
  }
  return text + "\n";
}

}  // namespace fusescope

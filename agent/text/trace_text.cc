// SPDX-License-Identifier: Apache-2.0
#include "agent/text/trace_text.h"

#include <array>
#include <ctime>
#include <span>

#include "agent/model/label_text.h"
#include "agent/model/names.h"
#include "agent/model/syscalls.h"
#include "agent/text/format.h"

namespace fusescope {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

using Event = fusescope_trace_event;

struct Column {
  const char* title;
  std::size_t width;
  Align align;
  std::string (*cell)(const TraceLine& line);
};

std::string or_unknown(const std::string& text) { return text.empty() ? "?" : printable(text); }

std::string time_text(const TraceLine& line) {
  const auto seconds = static_cast<std::time_t>(line.ended_ns / kSecond);
  std::tm local{};
  localtime_r(&seconds, &local);
  return formatted("%02d:%02d:%02d.%06u", local.tm_hour, local.tm_min, local.tm_sec,
                   static_cast<unsigned>(line.ended_ns % kSecond / 1000));
}

std::string comm_text(const TraceLine& line) { return or_unknown(comm_of(line.event)); }

template <auto fusescope_traced_thread::* id>
std::string id_text(const TraceLine& line) {
  const std::uint32_t number = line.event.who.*id;
  return number ? std::to_string(number) : "?";
}

template <auto Event::* field>
std::string number(const TraceLine& line) {
  return std::to_string(line.event.*field);
}

template <auto Event::* field>
std::string number_of_data(const TraceLine& line) {
  return is_data(line.event) ? number<field>(line) : kNone;
}

template <auto Event::* nanoseconds>
std::string milliseconds(const TraceLine& line) {
  return fixed(static_cast<double>(line.event.*nanoseconds) / 1e6, 3);
}

template <auto Event::* nanoseconds>
std::string phase_text(const TraceLine& line) {
  return line.event.is_taken ? milliseconds<nanoseconds>(line) : kNone;
}

std::string syscall_text(const TraceLine& line) {
  const int syscall = line.event.who.syscall;
  return syscall == FUSESCOPE_NO_SYSCALL ? kNone : or_unknown(syscall_name(syscall));
}

std::string op_text(const TraceLine& line) { return opcode_name(line.event.opcode); }

std::string mode_text(const TraceLine& line) {
  const auto mode = mode_of(line.event);
  return mode ? name_of(*mode) : kNone;
}

std::string offset_text(const TraceLine& line) {
  const auto offset = offset_of(line.event);
  return offset ? std::to_string(*offset) : kNone;
}

std::string cause_text(const TraceLine& line) {
  const auto cause = cause_of(line.event);
  return cause ? name_of(*cause) : kNone;
}

std::string error_text(const TraceLine& line) {
  return line.event.error ? error_name(line.event.error) : kNone;
}

std::string mount_text(const TraceLine& line) { return or_unknown(line.mountpoint); }

// The name of the file stands a little off: that of the mount is of any length.
std::string mount_and_file_text(const TraceLine& line) {
  return mount_text(line) + "  " + or_unknown(file_of(line.event));
}

// What lines of both kinds begin with.
constexpr std::array kFirstColumns = {
    Column{"TIME", 15, Align::left, time_text},
    Column{"COMM", 15, Align::left, comm_text},
    Column{"PID", 7, Align::right, id_text<&fusescope_traced_thread::process>},
    Column{"TID", 7, Align::right, id_text<&fusescope_traced_thread::thread>},
};

constexpr std::array kCallColumns = {
    Column{"SYSCALL", 15, Align::left, syscall_text},
    Column{"OP", 5, Align::left, op_text},
    Column{"MODE", 8, Align::left, mode_text},
    Column{"OFFSET", 12, Align::right, offset_text},
    Column{"BYTES", 9, Align::right, number<&Event::bytes>},
    Column{"SEGS", 5, Align::right, number<&Event::segments>},
    Column{"REQS", 5, Align::right, number<&Event::requests>},
    Column{"PAGES", 5, Align::right, number<&Event::pages>},
    Column{"MS", 10, Align::right, milliseconds<&Event::latency_ns>},
    Column{"CAUSE", 16, Align::left, cause_text},
    Column{"MOUNT  FILE", 0, Align::left, mount_and_file_text},
};

constexpr std::array kRequestColumns = {
    Column{"UNIQUE", 10, Align::right, number<&Event::unique>},
    Column{"OP", 12, Align::left, op_text},
    Column{"MODE", 8, Align::left, mode_text},
    Column{"NODE", 10, Align::right, number<&Event::node>},
    Column{"OFFSET", 12, Align::right, offset_text},
    Column{"BYTES", 9, Align::right, number_of_data<&Event::bytes>},
    Column{"PAGES", 5, Align::right, number_of_data<&Event::pages>},
    Column{"QUEUED", 9, Align::right, phase_text<&Event::queued_ns>},
    Column{"SERVICE", 9, Align::right, phase_text<&Event::service_ns>},
    Column{"MS", 9, Align::right, milliseconds<&Event::latency_ns>},
    Column{"ERROR", 10, Align::left, error_text},
    Column{"MOUNT", 0, Align::left, mount_text},
};

std::span<const Column> further_columns(fusescope_traced kind) {
  if (kind == FUSESCOPE_TRACED_CALL) return kCallColumns;
  return kRequestColumns;
}

// Adds a line: `cell_of` says what stands in a column.
template <class Function>
void add_line(std::string& text, fusescope_traced kind, Function cell_of) {
  const char* gap = "";
  for (const std::span<const Column> columns :
       {std::span<const Column>(kFirstColumns), further_columns(kind)}) {
    for (const Column& column : columns) {
      text += gap;
      text += padded(cell_of(column), column.width, column.align);
      gap = " ";
    }
  }
  text += '\n';
}

}  // namespace

std::string trace_head(fusescope_traced kind) {
  std::string text;
  add_line(text, kind, [](const Column& column) { return std::string(column.title); });
  return text;
}

void add_trace_text(std::string& text, const TraceLine& line) {
  const auto kind = static_cast<fusescope_traced>(line.event.kind);
  add_line(text, kind, [&](const Column& column) { return column.cell(line); });
}

std::string trace_end_text(const TraceEnd& end) {
  std::string text =
      std::to_string(end.events) + " events, " + std::to_string(end.dropped) + " dropped";
  if (end.skipped) {
    text += "; this kernel skipped " + std::to_string(end.skipped) +
            " runs of programs, so that lines may be missing or wrong: see 'fusescope doctor'";
  }
  return text + "\n";
}

}  // namespace fusescope

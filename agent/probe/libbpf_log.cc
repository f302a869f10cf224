// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/libbpf_log.h"

#include <bpf/libbpf.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <vector>

namespace fusescope {
namespace {

// libbpf's callback takes no context, hence the one variable of the process.
std::string& collected() {
  static std::string text;
  return text;
}

[[gnu::format(printf, 2, 0)]] int collect(enum libbpf_print_level level, const char* format,
                                          va_list arguments) {
  if (level != LIBBPF_WARN) return 0;
  // A verifier's log of megabytes comes as one piece, and it is its end that matters.
  va_list copy;
  va_copy(copy, arguments);
  const int size = std::vsnprintf(nullptr, 0, format, copy);
  va_end(copy);
  if (size <= 0) return 0;
  std::vector<char> text(static_cast<std::size_t>(size) + 1);
  std::vsnprintf(text.data(), text.size(), format, arguments);
  collected() += text.data();
  return 0;
}

int discard(enum libbpf_print_level /*level*/, const char* /*format*/, va_list /*arguments*/) {
  return 0;
}

// Lines that say only that something failed, or advise on what is no cause here.
constexpr std::array kNoise = {"-- END PROG LOAD LOG",
                               "-- BEGIN PROG LOAD LOG",
                               "BPF program load failed",
                               "failed to load: -",
                               "failed to prepare load attributes",
                               "libbpf: failed to load object",
                               "libbpf: failed to load BPF skeleton",
                               "libbpf: permission error while running as root"};

bool is_noise(std::string_view line) {
  return line.empty() || line.starts_with("processed ") ||
         std::ranges::any_of(kNoise, [&](const char* noise) { return line.contains(noise); });
}

// "libbpf: prog 'fentry_read_left': failed to ...": libbpf begins its lines with the program's
// name.
constexpr std::string_view kProgram = "libbpf: prog '";
constexpr std::string_view kProgramEnd = "': ";

std::string_view without_program(std::string_view line) {
  if (!line.starts_with(kProgram)) return line;
  const auto end = line.find(kProgramEnd, kProgram.size());
  return end == std::string_view::npos ? line : line.substr(end + kProgramEnd.size());
}

}  // namespace

LibbpfLog::LibbpfLog() {
  collected().clear();
  libbpf_set_print(collect);
}

LibbpfLog::~LibbpfLog() { libbpf_set_print(discard); }

std::string LibbpfLog::reason() const { return last_reason(collected()); }

std::string LibbpfLog::program() const { return last_program(collected()); }

std::string last_program(std::string_view log) {
  const auto found = log.rfind(kProgram);
  if (found == std::string_view::npos) return "";
  const auto rest = log.substr(found + kProgram.size());
  const auto line = rest.substr(0, rest.find('\n'));
  return std::string(line.substr(0, line.find(kProgramEnd)));
}

std::string last_reason(std::string_view log) {
  while (!log.empty()) {
    const auto end = log.find_last_not_of('\n');
    if (end == std::string_view::npos) break;
    log = log.substr(0, end + 1);
    const auto begin = log.find_last_of('\n') + 1;
    const auto line = log.substr(begin);
    if (!is_noise(line)) return std::string(without_program(line));
    log = log.substr(0, begin);
  }
  return "";
}

}  // namespace fusescope

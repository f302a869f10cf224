// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/libbpf_log.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <string_view>

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
  va_list again;
  va_copy(again, arguments);
  const int length = std::vsnprintf(nullptr, 0, format, again);
  va_end(again);
  if (length <= 0) return 0;
  // A verifier's log comes in one piece, and its last line is the one that matters.
  std::string text(static_cast<std::size_t>(length) + 1, '\0');
  std::vsnprintf(text.data(), text.size(), format, arguments);
  text.pop_back();
  collected() += text;
  return 0;
}

int discard(enum libbpf_print_level, const char*, va_list) { return 0; }

bool is_noise(std::string_view line) {
  return line.empty() || line.starts_with("processed ") || line.starts_with("-- ") ||
         line.starts_with("libbpf: failed to load ") || line.starts_with("libbpf: prog '");
}

}  // namespace

LibbpfLog::LibbpfLog() {
  collected().clear();
  libbpf_set_print(collect);
}

LibbpfLog::~LibbpfLog() { libbpf_set_print(discard); }

std::string LibbpfLog::reason() const {
  std::string_view text = collected();
  while (!text.empty()) {
    const auto end = text.find_last_not_of('\n');
    if (end == std::string_view::npos) break;
    text = text.substr(0, end + 1);
    const auto begin = text.find_last_of('\n') + 1;
    const auto line = text.substr(begin);
    if (!is_noise(line)) return std::string(line);
    text = text.substr(0, begin);
  }
  return "";
}

}  // namespace fusescope

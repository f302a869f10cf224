// SPDX-License-Identifier: Apache-2.0
#include "agent/text/format.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "agent/base/list_text.h"

namespace fusescope {
namespace {

// Whether a byte begins a character of UTF-8: all but those that go on with one do.
bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80; }

// The byte that character `count` begins at, counted from 0.
std::size_t byte_of(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; at < text.size(); at++) {
    if (begins_character(text[at]) && count-- == 0) break;
  }
  return at;
}

}  // namespace

std::string or_none(const std::string& text) { return text.empty() ? kNone : text; }

std::string counts_text(const std::vector<std::pair<std::string, std::uint64_t>>& counts) {
  std::string text;
  for (const auto& [name, number] : counts) add_to_list(text, std::to_string(number) + " " + name);
  return text;
}

std::string formatted(const char* pattern, ...) {
  va_list values;
  va_start(values, pattern);
  va_list again;
  va_copy(again, values);
  const int size = std::vsnprintf(nullptr, 0, pattern, values);
  va_end(values);
  std::string text(static_cast<std::size_t>(std::max(size, 0)), '\0');
  std::vsnprintf(text.data(), text.size() + 1, pattern, again);
  va_end(again);
  return text;
}

std::string fixed(double value, int digits) { return formatted("%.*f", digits, value); }

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

std::string first_columns(std::string_view text, std::size_t width) {
  return std::string(text.substr(0, byte_of(text, width)));
}

std::string last_columns(std::string_view text, std::size_t width) {
  const std::size_t whole = width_of(text);
  return std::string(text.substr(byte_of(text, whole - std::min(width, whole))));
}

std::string padded(std::string_view text, std::size_t width, Align align) {
  const std::string cell(text);
  const std::string blanks(width - std::min(width, width_of(text)), ' ');
  return align == Align::left ? cell + blanks : blanks + cell;
}

}  // namespace fusescope

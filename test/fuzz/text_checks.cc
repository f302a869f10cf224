// SPDX-License-Identifier: Apache-2.0
#include "test/fuzz/text_checks.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string>

#include "test/fuzz/fuzz.h"

namespace fusescope::fuzz {
namespace {

// Of a UTF-8 sequence, by its first byte; 0: it begins none.
std::size_t sequence_length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

// The code point of a sequence of that length, which must be there; -1: it is none.
long code_point(std::string_view sequence) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  constexpr std::array<long, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  long point = sequence.size() == 1 ? byte(0) : byte(0) & (0xff >> (sequence.size() + 1));
  for (std::size_t i = 1; i < sequence.size(); i++) {
    if ((byte(i) & 0xc0) != 0x80) return -1;
    point = point << 6 | (byte(i) & 0x3f);
  }
  const bool is_surrogate = point >= 0xd800 && point < 0xe000;
  return point < kLeast[sequence.size()] || is_surrogate || point > 0x10ffff ? -1 : point;
}

// Calls `each` with every code point; false where the text is no UTF-8.
bool for_each_code_point(std::string_view text, auto each) {
  while (!text.empty()) {
    const std::size_t length = sequence_length(static_cast<unsigned char>(text[0]));
    if (!length || length > text.size()) return false;
    const long point = code_point(text.substr(0, length));
    if (point < 0) return false;
    each(point);
    text.remove_prefix(length);
  }
  return true;
}

bool is_name(std::string_view text, bool may_have_colon) {
  const auto is_letter = [&](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || (c == ':' && may_have_colon);
  };
  return !text.empty() && is_letter(text[0]) && std::ranges::all_of(text, [&](char c) {
    return is_letter(c) || std::isdigit(static_cast<unsigned char>(c));
  });
}

bool is_value(std::string_view text) {
  if (text == "+Inf" || text == "-Inf" || text == "Inf" || text == "Nan") return true;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

// Takes a label's value off the front, with the quotes around it. False: it has no end.
bool take_quoted(std::string_view& text) {
  for (std::size_t i = 1; !text.empty() && text[0] == '"' && i < text.size(); i++) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
    if (text[i] != '\\') continue;
    if (++i == text.size() || !std::string_view("\\\"n").contains(text[i])) return false;
  }
  return false;
}

// Takes "{a="b",c="d"}" off the front, if it begins so.
bool take_labels(std::string_view& text) {
  while (!text.empty() && (text[0] == '{' || text[0] == ',')) {
    text.remove_prefix(1);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || !is_name(text.substr(0, equals), false)) return false;
    text.remove_prefix(equals + 1);
    if (!take_quoted(text)) return false;
    if (text.starts_with('}')) {
      text.remove_prefix(1);
      return true;
    }
  }
  return text.starts_with(' ');
}

bool is_sample(std::string_view line) {
  const std::size_t end = std::min(line.find_first_of("{ "), line.size());
  if (!is_name(line.substr(0, end), true)) return false;
  line.remove_prefix(end);
  return take_labels(line) && line.starts_with(' ') && is_value(line.substr(1));
}

}  // namespace

bool is_utf8(std::string_view text) {
  return for_each_code_point(text, [](long) {});
}

bool has_control_characters(std::string_view text) {
  bool found = false;
  for_each_code_point(text, [&](long point) {
    found = found || (point < 0x20 && point != '\n') || (point >= 0x7f && point < 0xa0);
  });
  return found;
}

void hold_for_terminal(std::string_view text) {
  hold(is_utf8(text), "text is UTF-8", text);
  hold(!has_control_characters(text), "text has no control characters", text);
}

void hold_json_lines(std::string_view text) {
  hold_for_terminal(text);
  hold(text.ends_with('\n'), "the last line has an end", text);
  for (Source lines(text); !lines.empty();) {
    hold(nlohmann::json::accept(lines.until("\n")), "a line is a JSON value", text);
  }
}

void hold_exposition(std::string_view text) {
  hold_for_terminal(text);
  for (Source lines(text); !lines.empty();) {
    const std::string_view line = lines.until("\n");
    const bool is_comment = line.starts_with("# HELP ") || line.starts_with("# TYPE ");
    hold(is_comment || is_sample(line), "a line is a comment or a sample", line);
  }
}

}  // namespace fusescope::fuzz

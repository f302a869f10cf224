// SPDX-License-Identifier: Apache-2.0
#include "agent/text/table.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <sstream>

#include "agent/model/label_text.h"

namespace fusescope {
namespace {

constexpr const char* kLeftOut = " ...";

// Characters of UTF-8 text: all bytes but those that go on with one.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char byte) { return (byte & 0xc0) != 0x80; }));
}

std::vector<std::size_t> widths_of(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); i++) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  return widths;
}

// Bytes of the control character that UTF-8 text begins with, or 0. Those from U+0080 to U+009F are
// two bytes; a terminal may take them for what ESC begins.
std::size_t control_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x20 || first == 0x7f) return 1;
  return first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0 ? 2 : 0;
}

std::string escape_of(char byte) {
  std::array<char, 5> escape{};
  std::snprintf(escape.data(), escape.size(), "\\x%02x", static_cast<unsigned char>(byte));
  return escape.data();
}

}  // namespace

std::string printable(std::string_view bytes) {
  const std::string label = to_label(bytes);
  std::string text;
  for (std::size_t i = 0; i < label.size(); i++) {
    if (const std::size_t length = control_length(std::string_view(label).substr(i))) {
      for (std::size_t end = i + length; i < end; i++) text += escape_of(label[i]);
      i--;
    } else {
      text += label[i];
    }
  }
  return text;
}

std::string Table::text() const {
  const auto widths = widths_of(rows_);
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); i++) {
      line += "  " + row[i] + std::string(widths[i] - width_of(row[i]), ' ');
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string wrapped(const std::string& start, const std::string& text, const Shape& shape) {
  std::string done = start;
  std::size_t used = width_of(start);
  std::size_t line = 1;
  const char* gap = "";
  std::istringstream words(text);
  for (std::string word; words >> word; gap = " ") {
    const std::size_t limit = shape.width - (line == shape.lines ? width_of(kLeftOut) : 0);
    const std::size_t needed = width_of(gap) + width_of(word);
    const bool fits = used + needed <= limit;
    if (!fits && line == shape.lines) return done + kLeftOut;
    if (!fits && used > shape.indent) {
      done.append(1, '\n').append(shape.indent, ' ');
      used = shape.indent;
      line++;
      gap = "";
    }
    done += gap + word;
    used += width_of(gap) + width_of(word);
  }
  return done;
}

}  // namespace fusescope

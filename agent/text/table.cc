// SPDX-License-Identifier: Apache-2.0
#include "agent/text/table.h"

#include <algorithm>
#include <sstream>

#include "agent/text/format.h"

namespace fusescope {
namespace {

constexpr const char* kLeftOut = " ...";

std::vector<std::size_t> widths_of(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); i++) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  return widths;
}

}  // namespace

std::string Table::text() const {
  const auto widths = widths_of(rows_);
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); i++)
      line += "  " + padded(row[i], widths[i], i < aligns_.size() ? aligns_[i] : Align::left);
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

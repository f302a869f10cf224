// SPDX-License-Identifier: Apache-2.0
// Tables and paragraphs for a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "agent/text/format.h"

namespace fusescope {

// Rows of printable cells, whose columns stand under each other.
class Table {
 public:
  // Columns beyond `aligns` stand at the left.
  explicit Table(std::vector<Align> aligns = {}) : aligns_(std::move(aligns)) {}

  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  // One line for each row, indented by two spaces, without blanks at its end.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Align> aligns_;
  std::vector<std::vector<std::string>> rows_;
};

struct Shape {
  std::size_t width = 100;  // of a line, all told
  std::size_t indent = 0;   // of the lines after the first
  std::size_t lines = 3;    // at most; what does not fit is left out, and "..." says so
};

// Words, broken into lines. `start` stands before the first; the last has no newline.
std::string wrapped(const std::string& start, const std::string& text, const Shape& shape);

}  // namespace fusescope

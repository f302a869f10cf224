// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "agent/base/error.h"
#include "agent/term/screen_line.h"

namespace fusescope {

// The whole terminal of standard output, by ncurses, as long as this object lives; then it is as
// before. One at a time.
class Screen {
 public:
  // Fails, in one line, if the terminal is not known (TERM) or cannot place its cursor.
  static Result<Screen> open();

  // As of now: a terminal changes its size at any time.
  [[nodiscard]] ScreenSize size() const;

  // Shows these lines from the top, cut at the right and the bottom.
  void show(const std::vector<ScreenLine>& lines) const;

  // A key that was pressed already, or Key::none. Key::resize: the size has changed.
  [[nodiscard]] KeyPress next_key() const;

 private:
  struct Terminal;
  struct Restore {
    void operator()(Terminal* terminal) const;
  };

  explicit Screen(Terminal* terminal) : terminal_(terminal) {}

  std::unique_ptr<Terminal, Restore> terminal_;
};

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
// What a full screen is made of, and the keys that it answers to: plain values.
#pragma once

#include <string>
#include <vector>

namespace fusescope {

enum class Style { plain, strong, faint, heading, sorted, good, warning, bad };

struct Span {
  std::string text;  // printable
  Style style = Style::plain;
};

struct ScreenLine {
  std::vector<Span> spans;
  bool is_selected = false;  // shown as such over its whole width
};

struct ScreenSize {
  int width = 0;
  int height = 0;
};

enum class Key {
  none,
  other,
  up,
  down,
  left,
  right,
  page_up,
  page_down,
  home,
  end,
  escape,
  resize
};

struct KeyPress {
  Key key = Key::none;
  char letter = 0;  // of Key::other
};

}  // namespace fusescope

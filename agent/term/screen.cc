// SPDX-License-Identifier: Apache-2.0
#include "agent/term/screen.h"

#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <langinfo.h>
#include <term.h>
#include <unistd.h>
#undef lines  // a macro of term.h

#include <algorithm>
#include <array>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace fusescope {

struct Screen::Terminal {
  SCREEN* screen = nullptr;
  bool is_utf8 = false;
  bool has_colors = false;
};

namespace {

enum Pair : short { kGood = 1, kWarning, kBad };

constexpr int kEscapeDelay = 25;  // milliseconds that the rest of a key's sequence may take

struct KeyCode {
  int code;
  Key key;
};

constexpr std::array kKeys = {
    KeyCode{KEY_UP, Key::up},         KeyCode{KEY_DOWN, Key::down},
    KeyCode{KEY_LEFT, Key::left},     KeyCode{KEY_RIGHT, Key::right},
    KeyCode{KEY_PPAGE, Key::page_up}, KeyCode{KEY_NPAGE, Key::page_down},
    KeyCode{KEY_HOME, Key::home},     KeyCode{KEY_END, Key::end},
    KeyCode{KEY_RESIZE, Key::resize}, KeyCode{27, Key::escape},
    KeyCode{ERR, Key::none},
};

// Whether ncurses can draw on the terminal that TERM names.
Result<void> check_terminal() {
  const char* name = std::getenv("TERM");
  const std::string set = name && *name ? std::string("TERM=") + name : "TERM is not set";
  int found = 0;
  const bool is_known = name && *name && setupterm(name, STDOUT_FILENO, &found) == OK;
  const char* move = is_known ? tigetstr("cup") : nullptr;
  if (move && move != reinterpret_cast<char*>(-1)) return {};
  return std::unexpected(
      Error{"this terminal cannot be drawn on (" + set +
            (is_known || !name || !*name ? "" : " is not known here") +
            "): plain tables instead; set TERM to what it is, as in TERM=xterm"});
}

// NO_COLOR: https://no-color.org
bool start_colors() {
  const char* no_color = std::getenv("NO_COLOR");
  if ((no_color && *no_color) || !has_colors() || start_color() != OK) return false;
  use_default_colors();
  init_pair(kGood, COLOR_GREEN, -1);
  init_pair(kWarning, COLOR_YELLOW, -1);
  init_pair(kBad, COLOR_RED, -1);
  return true;
}

attr_t attributes_of(Style style, bool has_colors) {
  const auto colored = [has_colors](Pair pair, attr_t otherwise) {
    return has_colors ? static_cast<attr_t>(COLOR_PAIR(pair)) : otherwise;
  };
  switch (style) {
    case Style::strong: return A_BOLD;
    case Style::faint: return A_DIM;
    case Style::heading: return A_REVERSE;
    case Style::sorted: return A_REVERSE | A_BOLD;
    case Style::good: return colored(kGood, A_NORMAL);
    case Style::warning: return colored(kWarning, A_BOLD) | A_BOLD;
    case Style::bad: return colored(kBad, A_BOLD | A_UNDERLINE) | A_BOLD;
    default: return A_NORMAL;
  }
}

// For a terminal of another character set.
std::string in_ascii(const std::string& text) {
  std::string ascii;
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    if (value < 0x80) ascii += byte;
    if (value >= 0xc0) ascii += '?';
  }
  return ascii;
}

}  // namespace

void Screen::Restore::operator()(Terminal* terminal) const {
  endwin();
  delscreen(terminal->screen);
  delete terminal;
}

Result<Screen> Screen::open() {
  if (auto checked = check_terminal(); !checked) return std::unexpected(checked.error());
  std::setlocale(LC_CTYPE, "");
  set_escdelay(kEscapeDelay);
  SCREEN* screen = newterm(nullptr, stdout, stdin);
  if (!screen)
    return std::unexpected(Error{"this terminal cannot be drawn on: plain tables instead"});
  cbreak();
  noecho();
  nonl();
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  leaveok(stdscr, TRUE);
  curs_set(0);
  const bool is_utf8 = std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  return Screen(new Terminal{.screen = screen, .is_utf8 = is_utf8, .has_colors = start_colors()});
}

ScreenSize Screen::size() const { return {.width = getmaxx(stdscr), .height = getmaxy(stdscr)}; }

void Screen::show(const std::vector<ScreenLine>& lines) const {
  const auto [width, height] = size();
  erase();
  for (int row = 0; row < std::min(height, static_cast<int>(lines.size())); row++) {
    const ScreenLine& line = lines[static_cast<std::size_t>(row)];
    move(row, 0);
    for (const Span& span : line.spans) {
      if (getcury(stdscr) != row) break;  // the line is full
      const attr_t selected = line.is_selected ? A_BOLD | A_REVERSE : A_NORMAL;
      attrset(static_cast<int>(attributes_of(span.style, terminal_->has_colors) | selected));
      const std::string text = terminal_->is_utf8 ? span.text : in_ascii(span.text);
      addnstr(text.c_str(), static_cast<int>(text.size()));
    }
  }
  attrset(A_NORMAL);
  refresh();
}

KeyPress Screen::next_key() const {
  const int code = getch();
  const auto* found = std::ranges::find(kKeys, code, &KeyCode::code);
  if (found != kKeys.end()) return {.key = found->key};
  return {.key = Key::other, .letter = code > 0 && code < 0x7f ? static_cast<char>(code) : '\0'};
}

}  // namespace fusescope

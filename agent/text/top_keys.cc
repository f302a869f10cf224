// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "agent/text/top_screen.h"

namespace fusescope {
namespace {

void sort_by(TopState& state, TopColumn column) {
  state.order = {.column = column, .is_reversed = false};
  state.selected = 0;
}

// The column `step` further on, round and round.
void sort_beside(TopState& state, std::size_t step) {
  const auto& columns = columns_of(state.view);
  const auto now = std::ranges::find(columns, state.order.column, &TopColumnFacts::column);
  const auto index = static_cast<std::size_t>(now - columns.begin());
  sort_by(state, columns[(index + step) % columns.size()].column);
}

void change_view(TopState& state) {
  state.view = state.view == TopView::mounts ? TopView::processes : TopView::mounts;
  state.selected = 0;
  const auto& columns = columns_of(state.view);
  if (std::ranges::find(columns, state.order.column, &TopColumnFacts::column) == columns.end()) {
    state.order = {};
  }
}

void press_letter(TopState& state, char letter) {
  switch (letter) {
    case 'q': state.has_ended = true; return;
    case 'p': return change_view(state);
    case ' ': state.is_paused = !state.is_paused; return;
    case 'h':
    case '?': state.shows_help = true; return;
    case 'R': state.order.is_reversed = !state.order.is_reversed; return;
    case '<': return press(state, {.key = Key::left}, 0, 0);
    case '>': return press(state, {.key = Key::right}, 0, 0);
    default: break;
  }
  const auto& columns = columns_of(state.view);
  const auto found = std::ranges::find(columns, letter, &TopColumnFacts::key);
  if (letter && found != columns.end()) sort_by(state, found->column);
}

}  // namespace

void keep_in_sight(TopState& state, std::size_t rows, std::size_t page) {
  state.selected = std::min(state.selected, rows ? rows - 1 : 0);
  const std::size_t last_first = rows > page ? rows - page : 0;
  const std::size_t least = state.selected + 1 > page ? state.selected + 1 - page : 0;
  state.first = std::min({std::max(state.first, least), state.selected, last_first});
}

void press(TopState& state, KeyPress key, std::size_t rows, std::size_t page) {
  const bool is_key = key.key != Key::none && key.key != Key::resize;
  if (state.shows_help && is_key) {
    state.shows_help = false;
    state.has_ended = key.letter == 'q';
    return;
  }
  switch (key.key) {
    case Key::up: state.selected -= state.selected ? 1 : 0; break;
    case Key::down: state.selected++; break;
    case Key::page_up: state.selected -= std::min(state.selected, page); break;
    case Key::page_down: state.selected += page; break;
    case Key::home: state.selected = 0; break;
    case Key::end: state.selected = rows; break;
    case Key::left: sort_beside(state, columns_of(state.view).size() - 1); break;
    case Key::right: sort_beside(state, 1); break;
    case Key::other: press_letter(state, key.letter); break;
    default: break;
  }
  if (rows) keep_in_sight(state, rows, page);
}

}  // namespace fusescope

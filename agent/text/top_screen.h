// SPDX-License-Identifier: Apache-2.0
// The full screen of `fusescope top`: what is on it, and what its keys do. No terminal here.
#pragma once

#include <cstddef>
#include <vector>

#include "agent/term/screen_line.h"
#include "agent/text/top_rows.h"
#include "agent/text/top_text.h"

namespace fusescope {

// What the user has chosen.
struct TopState {
  TopView view = TopView::mounts;
  TopOrder order;
  std::size_t selected = 0;  // a row, counted from 0
  std::size_t first = 0;     // the row at the top of the table
  bool is_paused = false;
  bool shows_help = false;
  bool has_ended = false;
};

// What a key does, where there are `rows` rows, of which `page` fit on the screen.
void press(TopState& state, KeyPress key, std::size_t rows, std::size_t page);

// How many rows fit on such a screen.
std::size_t rows_on(ScreenSize size);

// Keeps the selection where rows are, and on the screen.
void keep_in_sight(TopState& state, std::size_t rows, std::size_t page);

// All lines of the screen; rows in order. What is too small for it shows less.
std::vector<ScreenLine> top_screen(const TopState& state, const TopHeader& header,
                                   const std::vector<TopRow>& rows, double interval,
                                   ScreenSize size);

}  // namespace fusescope

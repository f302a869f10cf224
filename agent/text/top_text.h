// SPDX-License-Identifier: Apache-2.0
// The cells of `fusescope top`, and its plain tables for a file or a pipe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/text/top_rows.h"

namespace fusescope {

// What stands above a table.
struct TopHeader {
  std::string clock;   // the time of day
  double seconds = 0;  // that were counted; 0: none yet
  TopView view = TopView::mounts;
  std::string hooks;          // of hooks_text()
  std::uint64_t losses = 0;   // events that were not counted since the beginning
  std::uint64_t earlier = 0;  // of events_before_begin(): no losses
};

struct TopColumnFacts {
  TopColumn column;
  const char* title;
  const char* meaning;  // for the help
  int width;            // on a screen; the one of width 0 takes what is left
  char key;             // sorts by it
  int rank;             // where there is no room for all, the highest rank goes first; 0: never
  bool is_text;         // begins at the left
};

// In the order in which they are shown.
const std::vector<TopColumnFacts>& columns_of(TopView view);

// For people: 12.3k; or exact, for programs: 12345.6. "-" where nothing is known. Printable.
enum class Digits { few, all };
std::string cell_of(const TopRow& row, TopColumn column, Digits digits);

// How the roles are filled, in a line: the modes, what is an estimate, what is not seen.
std::string hooks_text(const SelfSnapshot& self);

// What follows the lost events: how many more were no losses; empty if there are none.
std::string earlier_text(const TopHeader& header);

// One line of header and a table, without escape codes.
std::string top_text(const TopHeader& header, const std::vector<TopRow>& rows);

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/text/top_screen.h"

#include <algorithm>
#include <string>

#include "agent/model/label_text.h"
#include "agent/text/format.h"
#include "agent/text/table.h"

namespace fusescope {
namespace {

constexpr int kLeastName = 9;      // of a column that takes what is left
constexpr int kUsualName = 16;     // and while there are columns that can be left out
constexpr int kTop = 4;            // lines above the rows: what is counted, hooks, none, titles
constexpr int kBottom = 5;         // below: none, why, what to do (two), keys
constexpr int kLeastForAll = 12;   // a screen of fewer lines has nothing below the rows
constexpr int kLeastForHead = 6;   // and one of fewer only the titles above
constexpr const char* kGap = " ";  // between columns
constexpr const char* kCut = "..";

std::size_t columns(int width) { return static_cast<std::size_t>(std::max(width, 0)); }

// What is left of a line of `width` behind `begin`.
int left_of(int width, const std::string& begin) {
  return width - static_cast<int>(width_of(begin));
}

// Of a name that is too long the end is kept, which tells mounts apart; of other text the
// beginning.
std::string cut(const std::string& text, int room, bool keeps_end) {
  const std::size_t width = columns(room);
  const std::size_t mark = width_of(kCut);
  if (width_of(text) <= width) return text;
  if (width <= mark) return first_columns(text, width);
  if (keeps_end) return kCut + last_columns(text, width - mark);
  return first_columns(text, width - mark) + kCut;
}

std::string fitted(const std::string& text, int width, const TopColumnFacts& column) {
  const bool is_path = column.is_text && column.width == 0;
  return padded(cut(text, width, is_path), columns(width),
                column.is_text ? Align::left : Align::right);
}

struct Placed {
  TopColumnFacts facts;
  int width = 0;
};

int width_of(const std::vector<Placed>& columns) {
  int width = 0;
  for (const Placed& each : columns) width += std::max(each.width, kLeastName * !each.width) + 1;
  return width;
}

bool can_be_left_out(const Placed& column) { return column.facts.rank > 0; }

// What they want to have, names of a usual length among it.
int wanted_by(const std::vector<Placed>& columns) {
  const bool can_spare = std::ranges::any_of(columns, can_be_left_out);
  return width_of(columns) - 1 + (can_spare ? kUsualName - kLeastName : 0);
}

// The columns that there is room for: those of the highest rank go first.
std::vector<Placed> place_columns(TopView view, int width) {
  std::vector<Placed> placed;
  for (const TopColumnFacts& facts : columns_of(view)) placed.push_back({facts, facts.width});
  const auto rank = [](const Placed& each) { return each.facts.rank; };
  while (wanted_by(placed) > width) {
    const auto last = std::ranges::max_element(placed, {}, rank);
    if (!can_be_left_out(*last)) break;
    placed.erase(last);
  }
  const int left = width - (width_of(placed) - 1);
  for (Placed& each : placed) {
    if (!each.width) each.width = kLeastName + std::max(0, left);
  }
  return placed;
}

Style style_of(IoVerdict verdict) {
  switch (verdict) {
    case IoVerdict::ok: return Style::good;
    case IoVerdict::limited: return Style::warning;
    case IoVerdict::broken: return Style::bad;
    default: return Style::faint;
  }
}

Style style_of(MountState state) {
  switch (state) {
    case MountState::hung: return Style::bad;
    case MountState::split:
    case MountState::failing:
    case MountState::slow: return Style::warning;
    case MountState::ok: return Style::good;
    case MountState::idle: return Style::faint;
    default: return Style::plain;
  }
}

Style style_of(const TopRow& row, TopColumn column) {
  const bool is_hung = row.state && row.state->state == MountState::hung;
  switch (column) {
    case TopColumn::name:
    case TopColumn::oldest:
    case TopColumn::in_flight: return is_hung ? Style::bad : Style::plain;
    case TopColumn::state: return row.state ? style_of(row.state->state) : Style::plain;
    case TopColumn::verdict: return row.rates ? style_of(row.verdict) : Style::plain;
    default: return Style::plain;
  }
}

ScreenLine titles(const std::vector<Placed>& columns, const TopOrder& order) {
  ScreenLine line;
  for (const auto& [facts, width] : columns) {
    const bool is_sorted = facts.column == order.column;
    const char* mark = order.is_reversed ? "^" : "v";
    const std::string title = is_sorted ? std::string(facts.title) + mark : facts.title;
    if (!line.spans.empty()) line.spans.push_back({kGap, Style::heading});
    line.spans.push_back({fitted(title, width, facts), is_sorted ? Style::sorted : Style::heading});
  }
  return line;
}

ScreenLine line_of(const TopRow& row, const std::vector<Placed>& columns) {
  ScreenLine line;
  for (const auto& [facts, width] : columns) {
    if (!line.spans.empty()) line.spans.push_back({kGap});
    line.spans.push_back({fitted(cell_of(row, facts.column, Digits::few), width, facts),
                          style_of(row, facts.column)});
  }
  return line;
}

// Losses first: how many hooks there are to name is the kernel's choice.
ScreenLine losses_line(const TopHeader& header, int width) {
  const std::string losses = std::to_string(header.losses);
  const std::string begin = "lost events " + losses + earlier_text(header) + "   hooks ";
  return {{{"lost events ", Style::faint},
           {losses, header.losses ? Style::bad : Style::plain},
           {earlier_text(header) + "   hooks ", Style::faint},
           {cut(header.hooks, left_of(width, begin), false)}}};
}

void add_head(std::vector<ScreenLine>& lines, const TopState& state, const TopHeader& header,
              std::size_t rows, double interval, int width) {
  const std::string what = state.view == TopView::mounts ? " mounts" : " processes";
  const std::string place =
      rows ? std::to_string(state.selected + 1) + " of " + std::to_string(rows) + what
           : "no" + what;
  lines.push_back(
      {{{"fusescope top", Style::strong},
        {"   " + header.clock + "   every " + formatted("%.4g s", interval) + "   " + place},
        {state.is_paused ? "   PAUSED" : "", Style::warning}}});
  lines.push_back(losses_line(header, width));
  lines.emplace_back();
}

// The state of a row in full: which column has room for that depends on the width.
ScreenLine why_line(const TopRow* row, int width) {
  if (!row || !row->state || row->state->detail.empty()) return {};
  const StateFinding& found = *row->state;
  std::string text = found.detail;
  for (const MountState also : found.also) text += std::string("; also ") + name_of(also);
  const std::string begin = std::string("Why ") + name_of(found.state) + ": ";
  return {{{begin, style_of(found.state)}, {cut(text, left_of(width, begin), false)}}};
}

// Why the selected row is in its state, what to do about it, in two lines, and the keys.
void add_foot(std::vector<ScreenLine>& lines, const TopRow* selected, int width) {
  lines.emplace_back();
  lines.push_back(why_line(selected, width));
  const std::string remedy = selected ? printable(selected->remedy) : "";
  const std::string text =
      remedy.empty()
          ? ""
          : wrapped(
                "What to do: ", remedy,
                {.width = static_cast<std::size_t>(std::max(width, 20)), .indent = 12, .lines = 2});
  const std::size_t end = text.find('\n');
  lines.push_back({{{text.substr(0, end)}}});
  lines.push_back({{{end == std::string::npos ? "" : text.substr(end + 1)}}});
  ScreenLine keys;
  for (const auto& [key, does] : {std::pair{"q", "quit"},
                                  {"p", "mounts or processes"},
                                  {"space", "pause"},
                                  {"< >", "sort"},
                                  {"R", "reverse"},
                                  {"h", "help"}}) {
    keys.spans.push_back({key, Style::strong});
    keys.spans.push_back({std::string(" ") + does + "   ", Style::faint});
  }
  lines.push_back(std::move(keys));
}

std::vector<ScreenLine> help(TopView view) {
  std::vector<ScreenLine> lines = {{{{"fusescope top", Style::strong}, {": keys"}}}, {}};
  const auto add = [&lines](const std::string& key, const std::string& title,
                            const std::string& text) {
    lines.push_back(
        {{{"  " + padded(key, 8), Style::strong}, {padded(title, 10)}, {text, Style::faint}}});
  };
  add("q", "", "quit");
  add("p", "", "by mount or by process");
  add("space", "", "pause, and go on");
  add("arrows", "", "select a row; also PgUp, PgDn, Home, End");
  add("< >", "", "sort by the column to the left or right");
  add("R", "", "reverse the order");
  lines.emplace_back();
  lines.push_back({{{"Sort by", Style::strong}}});
  lines.emplace_back();
  for (const TopColumnFacts& column : columns_of(view)) {
    add(std::string(1, column.key), column.title, column.meaning);
  }
  lines.emplace_back();
  lines.push_back(
      {{{"\"-\" is not visible here: see 'fusescope doctor'. Any key goes back.", Style::faint}}});
  return lines;
}

}  // namespace

std::size_t rows_on(ScreenSize size) {
  const int head = size.height < kLeastForHead ? 1 : kTop;
  const int foot = size.height < kLeastForAll ? 0 : kBottom;
  return static_cast<std::size_t>(std::max(1, size.height - head - foot));
}

std::vector<ScreenLine> top_screen(const TopState& state, const TopHeader& header,
                                   const std::vector<TopRow>& rows, double interval,
                                   ScreenSize size) {
  if (state.shows_help) return help(state.view);
  std::vector<ScreenLine> lines;
  if (size.height >= kLeastForHead)
    add_head(lines, state, header, rows.size(), interval, size.width);
  const auto columns = place_columns(state.view, size.width);
  lines.push_back(titles(columns, state.order));
  const std::size_t page = rows_on(size);
  for (std::size_t i = state.first; i < state.first + page; i++) {
    if (i >= rows.size()) {
      lines.emplace_back();
      continue;
    }
    lines.push_back(line_of(rows[i], columns));
    lines.back().is_selected = i == state.selected;
  }
  if (size.height < kLeastForAll) return lines;
  const TopRow* selected = state.selected < rows.size() ? &rows[state.selected] : nullptr;
  add_foot(lines, selected, size.width);
  return lines;
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <ranges>

#include "agent/model/losses.h"
#include "agent/text/top_screen.h"
#include "test/unit/judged_mount.h"

namespace fusescope {
namespace {

MountSnapshot mount_at(const std::string& mountpoint) {
  MountSnapshot mount = judged_mount(32);
  mount.identity.mountpoint = mountpoint;
  return mount;
}

void add_ended(fusescope_duration_stats& stats, int slot, std::uint64_t count,
               std::uint64_t sum_ns) {
  stats.slots[slot] += count;
  stats.sum_ns += sum_ns;
}

// 10 direct reads of one request each, 4 KiB and at most 64 us.
void add_reads(MountSnapshot& mount) {
  auto& op = mount.counters.data.ops[FUSESCOPE_READ];
  op.io[FUSESCOPE_DIRECT].requests[1] += 10;
  op.data.bytes += 40'960;
  add_ended(op.duration, 6, 10, 500'000);
}

TopRow only_row(const Snapshot& now, const Snapshot* before, double seconds) {
  const auto rows = top_rows(now, before, seconds, TopView::mounts, default_host());
  EXPECT_EQ(rows.size(), 1);
  return rows.front();
}

TEST(TopRows, TellsWhatCameBetweenTwoSnapshots) {
  Snapshot before;
  add_reads(before.mounts.emplace_back(mount_at("/mnt/a")));
  Snapshot now = before;
  MountSnapshot& mount = now.mounts[0];
  add_reads(mount);
  add_ended(mount.counters.durations[3], 9, 10, 4'000'000);  // GETATTR
  add_ended(mount.counters.data.phases[FUSESCOPE_PHASE_QUEUED], 3, 10, 70'000);
  mount.in_flight = 2;
  mount.oldest_age_ns = 1'500'000'000;
  const TopRow row = only_row(now, &before, 2);
  ASSERT_TRUE(row.rates);
  EXPECT_EQ(row.rates->calls, 5);
  EXPECT_EQ(row.rates->requests, 10) << "of all opcodes";
  EXPECT_EQ(row.rates->bytes, 20'480);
  EXPECT_EQ(row.per_call, 1) << "data requests only";
  EXPECT_EQ(row.p99, (Quantile{.bound = 512, .is_more = false})) << "of all opcodes";
  EXPECT_DOUBLE_EQ(row.queued_ms.value(), 0.007);
  EXPECT_FALSE(row.service_ms) << "not visible";
  EXPECT_EQ(row.in_flight, 2);
  EXPECT_EQ(row.oldest_seconds, 1.5);
  EXPECT_EQ(row.verdict, IoVerdict::ok);
  EXPECT_EQ(row.state.value().state, MountState::slow) << "1.5 s in flight";
}

TEST(TopRows, HasNoRatesWithoutAnEarlierReading) {
  Snapshot now;
  add_reads(now.mounts.emplace_back(mount_at("/mnt/a")));
  EXPECT_FALSE(only_row(now, nullptr, 0).rates);
  const Snapshot empty;
  EXPECT_FALSE(only_row(now, &empty, 1).rates);
  Snapshot higher = now;
  add_reads(higher.mounts[0]);
  EXPECT_FALSE(only_row(now, &higher, 1).rates) << "counters went down";
}

TEST(TopRows, TellsAtOnceWhatIsHung) {
  Snapshot now;
  MountSnapshot& mount = now.mounts.emplace_back(mount_at("/mnt/a"));
  add_reads(mount);
  EXPECT_FALSE(only_row(now, nullptr, 0).state) << "not to be told yet";
  mount.oldest_age_ns = 12'000'000'000;
  mount.oldest_is_older = true;
  EXPECT_EQ(only_row(now, nullptr, 0).state.value().state, MountState::hung);
  const TopRow row = only_row(now, &now, 1);
  EXPECT_EQ(row.state.value().state, MountState::hung);
  EXPECT_EQ(cell_of(row, TopColumn::oldest, Digits::few), ">12s");
  EXPECT_EQ(top_rows(now, &now, 1, TopView::mounts, default_host(), {.hung_after = 20})[0]
                .state.value()
                .state,
            MountState::slow);
}

TEST(TopRows, WhatWaitsOnAMountIsNotEachProcesss) {
  Snapshot now;
  ProcessSnapshot& process = now.processes.emplace_back();
  process.process = 7;
  process.mount = mount_at("/mnt/a");
  add_reads(process.mount);
  Snapshot before = now;
  add_reads(process.mount);
  process.mount.waiting = 3;
  process.mount.blocked_threads = 3;
  process.mount.oldest_is_older = true;
  const auto row_of_process = [&] {
    return top_rows(now, &before, 1, TopView::processes, default_host()).at(0);
  };
  EXPECT_EQ(row_of_process().state.value().state, MountState::ok);
  EXPECT_FALSE(row_of_process().oldest_is_older);
}

TEST(TopRows, JudgesTheTimeBetweenOnly) {
  Snapshot before;
  MountSnapshot& mount = before.mounts.emplace_back(mount_at("/mnt/a"));
  add_split(mount, FUSESCOPE_READ, FUSESCOPE_DIRECT, FUSESCOPE_CAUSE_MAX_PAGES, 8);
  Snapshot now = before;
  EXPECT_EQ(only_row(now, &before, 1).verdict, IoVerdict::idle);
  add_split(now.mounts[0], FUSESCOPE_READ, FUSESCOPE_DIRECT, FUSESCOPE_CAUSE_MAX_PAGES, 8);
  const TopRow row = only_row(now, &before, 1);
  EXPECT_EQ(row.verdict, IoVerdict::limited);
  EXPECT_EQ(row.cause, FUSESCOPE_CAUSE_MAX_PAGES);
  EXPECT_EQ(row.per_call, 8);
  EXPECT_FALSE(row.remedy.empty());
}

TopRow row_of(const char* name, IoVerdict verdict, double requests) {
  TopRow row;
  row.name = name;
  row.verdict = verdict;
  row.rates = Rates{.calls = 1, .requests = requests, .bytes = 1e6};
  return row;
}

std::string names_of(std::vector<TopRow> rows, const TopOrder& order) {
  sort_rows(rows, order);
  std::string names;
  for (const TopRow& row : rows) names += row.name;
  return names;
}

std::vector<TopRow> four_rows() {
  std::vector<TopRow> rows = {row_of("a", IoVerdict::idle, 0), row_of("b", IoVerdict::ok, 900),
                              row_of("c", IoVerdict::broken, 5), row_of("d", IoVerdict::ok, 1000)};
  rows[0].p99 = Quantile{.bound = 8};
  rows[1].p99 = Quantile{.bound = 8, .is_more = true};
  return rows;
}

TEST(TopOrder, PutsTheWorstStateFirstThenTheWorseVerdictThenTheBusier) {
  auto rows = four_rows();
  for (TopRow& row : rows) row.state = StateFinding{.state = MountState::split};
  EXPECT_EQ(names_of(rows, {}), "cdba") << "broken before the others";
  rows[0].state->state = MountState::hung;
  rows[2].state.reset();
  EXPECT_EQ(names_of(rows, {}), "adbc") << "what is not known comes last";
}

TEST(TopOrder, PutsTheWorstVerdictFirstAndOfEqualOnesTheBusier) {
  EXPECT_EQ(names_of(four_rows(), {.column = TopColumn::verdict}), "cdba");
  EXPECT_EQ(names_of(four_rows(), {.column = TopColumn::verdict, .is_reversed = true}), "abdc");
}

TEST(TopOrder, SortsByAnyColumnWithTheUnknownLast) {
  EXPECT_EQ(names_of(four_rows(), {.column = TopColumn::name}), "abcd");
  EXPECT_EQ(names_of(four_rows(), {.column = TopColumn::requests}), "dbca");
  EXPECT_EQ(names_of(four_rows(), {.column = TopColumn::p99}), "badc");
  auto rows = four_rows();
  rows[3].rates.reset();
  rows[2].queued_ms = 0.0;
  EXPECT_EQ(names_of(rows, {.column = TopColumn::calls}), "bcad");
  EXPECT_EQ(names_of(rows, {.column = TopColumn::queued}).front(), 'c') << "0 is known";
}

TEST(TopText, HasNumbersAtTheRightAndNoControlBytes) {
  TopRow row = row_of("/mnt/\x1b[2J\xc2\x9b", IoVerdict::limited, 12'345.67);
  row.cause = FUSESCOPE_CAUSE_MAX_PAGES;
  row.per_call = 8;
  row.p99 = Quantile{.bound = 1U << 16};
  row.state = StateFinding{.state = MountState::split, .detail = "limited max_pages"};
  const TopHeader header = {.clock = "10:00:00", .seconds = 1, .hooks = "tracepoint", .losses = 3};
  EXPECT_EQ(top_text(header, {row, row_of("/b", IoVerdict::ok, 1)}),
            "10:00:00  1.000 s  hooks tracepoint  lost events 3\n"
            "  MOUNT                 STATE  OLDEST  FLIGHT  VERDICT              REQ/s  REQ/CALL"
            "  CALLS/s  MB/s     P99  QUEUED  SERVICE  WHY\n"
            "  /mnt/\\x1b[2J\\xc2\\x9b  split       -       0  limited max_pages  12345.7       8.0"
            "      1.0   1.0  65.5ms       -        -  limited max_pages\n"
            "  /b                    -           -       0  ok                     1.0         -"
            "      1.0   1.0       -       -        -  -\n");
}

TEST(TopText, TellsLossesFromWhatBeganEarlier) {
  TopHeader header = {.clock = "10:00:00", .seconds = 1, .hooks = "tracepoint", .earlier = 11};
  EXPECT_TRUE(
      top_text(header, {})
          .starts_with(
              "10:00:00  1.000 s  hooks tracepoint  lost events 0 (and 11 begun before top)\n"));
  SelfSnapshot self;
  self.stats.lost[FUSESCOPE_LOST_UNMATCHED_END] = 11;
  EXPECT_EQ(sum_of(losses_since_begin(self)), 0);
  self.stats.lost[FUSESCOPE_LOST_INFLIGHT_FULL] = 2;
  EXPECT_EQ(sum_of(losses_since_begin(self)), 13) << "these leave ends without a beginning as well";
}

TEST(TopText, ShortensNumbersForTheScreen) {
  TopRow row = row_of("a", IoVerdict::ok, 12'345);
  row.oldest_seconds = 3725;
  row.queued_ms = 0.0521;
  const auto cell = [&row](TopColumn column) { return cell_of(row, column, Digits::few); };
  EXPECT_EQ(cell(TopColumn::requests), "12.3k");
  EXPECT_EQ(cell(TopColumn::oldest), "1h02m");
  EXPECT_EQ(cell(TopColumn::queued), "0.052");
  row.rates->requests = 2'500'000;
  row.p99 = Quantile{.bound = 1U << 26, .is_more = true};
  row.oldest_seconds = 125;
  EXPECT_EQ(cell(TopColumn::requests), "2.5M");
  EXPECT_EQ(cell(TopColumn::p99), ">67.1s");
  EXPECT_EQ(cell(TopColumn::oldest), "2m05s");
  row.rates.reset();
  EXPECT_EQ(cell(TopColumn::requests), "-");
  EXPECT_EQ(cell(TopColumn::verdict), "-");
}

std::string text_of(const ScreenLine& line) {
  std::string text;
  for (const Span& span : line.spans) text += span.text;
  return text;
}

std::vector<TopRow> many_rows(std::size_t count) {
  std::vector<TopRow> rows;
  for (std::size_t i = 0; i < count; i++) {
    rows.push_back(row_of("/mnt", IoVerdict::ok, 1));
    rows.back().name += std::to_string(i);
  }
  return rows;
}

TEST(TopScreen, FitsEverySize) {
  const auto rows = many_rows(3);
  for (const int width : {1, 2, 10, 40, 80, 120, 300}) {
    for (const int height : {1, 2, 5, 6, 11, 12, 30}) {
      const ScreenSize size = {.width = width, .height = height};
      TopState state;
      keep_in_sight(state, rows.size(), rows_on(size));
      const auto lines = top_screen(state, {}, rows, 1, size);
      EXPECT_LE(lines.size(), std::max(height, 2)) << width << "x" << height;
      const auto table = std::ranges::find_if(lines, &ScreenLine::is_selected);
      ASSERT_NE(table, lines.end());
      if (width >= 40) {
        EXPECT_EQ(text_of(*table).size(), width) << "the name takes what is left";
      }
    }
  }
}

TEST(TopScreen, LeavesOutTheLeastImportantColumns) {
  const auto titles = [](TopView view, int width) {
    TopState state;
    state.view = view;
    return text_of(top_screen(state, {}, {}, 1, {.width = width, .height = 5}).at(0));
  };
  const auto has = [&](const char* title, TopView view, int width) {
    return titles(view, width).find(title) != std::string::npos;
  };
  EXPECT_TRUE(has("WHY", TopView::mounts, 170));
  EXPECT_TRUE(has("QUEUED", TopView::mounts, 140));
  EXPECT_FALSE(has("QUEUED", TopView::mounts, 100));
  EXPECT_TRUE(has("VERDICT", TopView::mounts, 80));
  EXPECT_TRUE(has("REQ/s", TopView::mounts, 80));
  EXPECT_TRUE(has("MOUNT", TopView::processes, 80));
}

TEST(TopScreen, NeverLeavesOutWhatTellsThatAMountHangs) {
  for (const TopView view : {TopView::mounts, TopView::processes}) {
    for (const int width : {300, 120, 80, 60, 47, 40}) {
      if (view == TopView::processes && width < 47) continue;
      TopState state;
      state.view = view;
      const std::string line =
          text_of(top_screen(state, {}, {}, 1, {.width = width, .height = 5}).at(0));
      for (const char* title : {"STATE", "OLDEST", "FLIGHT"}) {
        const auto at = line.find(title);
        ASSERT_NE(at, std::string::npos) << title << " at " << width;
        EXPECT_LE(at + std::string(title).size(), width) << title;
      }
    }
  }
}

TEST(TopScreen, ShowsLossesHoweverManyHooksThereAre) {
  const TopHeader header = {
      .clock = "", .hooks = std::string(200, 'h'), .losses = 3, .earlier = 11};
  const std::string line =
      text_of(top_screen({}, header, {}, 1, {.width = 80, .height = 24}).at(1));
  EXPECT_TRUE(line.starts_with("lost events 3 (and 11 begun before top)   hooks hh"));
  EXPECT_EQ(line.size(), 80);
}

TEST(TopScreen, ShowsWhatIsHungInRedAndWhy) {
  auto rows = many_rows(1);
  rows[0].state = StateFinding{.state = MountState::hung,
                               .also = {MountState::split},
                               .detail = "2 requests without a reply, the oldest for > 12 s"};
  rows[0].oldest_seconds = 12;
  rows[0].oldest_is_older = true;
  const auto lines = top_screen({}, {}, rows, 1, {.width = 80, .height = 24});
  std::string red;
  for (const Span& span : lines[4].spans) {
    if (span.style == Style::bad) red += span.text;
  }
  EXPECT_NE(red.find("hung"), std::string::npos);
  EXPECT_NE(red.find(">12s"), std::string::npos);
  const auto why = std::ranges::find_if(
      lines, [](const ScreenLine& line) { return text_of(line).starts_with("Why "); });
  ASSERT_NE(why, lines.end());
  EXPECT_EQ(text_of(*why),
            "Why hung: 2 requests without a reply, the oldest for > 12 s; also split");
}

TEST(TopScreen, KeepsTheEndOfALongName) {
  auto rows = many_rows(1);
  rows[0].name = std::string(300, 'x') + "/the-end";
  const auto lines = top_screen({}, {}, rows, 1, {.width = 120, .height = 5});
  EXPECT_NE(text_of(lines[1]).find("/the-end "), std::string::npos);
  EXPECT_TRUE(text_of(lines[1]).starts_with("..xx"));
}

constexpr KeyPress letter(char which) { return {.key = Key::other, .letter = which}; }

TEST(TopKeys, SelectsARowAndScrollsToIt) {
  TopState state;
  press(state, {.key = Key::up}, 30, 10);
  EXPECT_EQ(state.selected, 0);
  for (int i = 0; i < 12; i++) press(state, {.key = Key::down}, 30, 10);
  EXPECT_EQ(state.selected, 12);
  EXPECT_EQ(state.first, 3);
  press(state, {.key = Key::page_down}, 30, 10);
  press(state, {.key = Key::page_down}, 30, 10);
  EXPECT_EQ(state.selected, 29);
  EXPECT_EQ(state.first, 20);
  press(state, {.key = Key::home}, 30, 10);
  EXPECT_EQ(state.selected, 0);
  EXPECT_EQ(state.first, 0);
  press(state, {.key = Key::end}, 30, 10);
  keep_in_sight(state, 4, 10);
  EXPECT_EQ(state.selected, 3) << "rows are gone";
  EXPECT_EQ(state.first, 0);
  keep_in_sight(state, 0, 10);
  EXPECT_EQ(state.selected, 0);
}

TEST(TopKeys, SortsByLetterAndBySteps) {
  TopState state;
  press(state, letter('r'), 3, 10);
  EXPECT_EQ(state.order.column, TopColumn::requests);
  press(state, letter('R'), 3, 10);
  EXPECT_TRUE(state.order.is_reversed);
  press(state, letter('>'), 3, 10);
  EXPECT_EQ(state.order.column, TopColumn::per_call) << "the next column";
  EXPECT_FALSE(state.order.is_reversed);
  press(state, {.key = Key::left}, 3, 10);
  EXPECT_EQ(state.order.column, TopColumn::requests);
  press(state, letter('n'), 3, 10);
  press(state, {.key = Key::left}, 3, 10);
  EXPECT_EQ(state.order.column, TopColumn::why) << "round and round";
}

TEST(TopKeys, ChangesTheViewPausesHelpsAndEnds) {
  TopState state;
  press(state, letter('p'), 3, 10);
  EXPECT_EQ(state.view, TopView::processes);
  press(state, letter('i'), 3, 10);
  EXPECT_EQ(state.order.column, TopColumn::process);
  press(state, letter('p'), 3, 10);
  EXPECT_EQ(state.order.column, TopColumn::state) << "mounts have no id";
  press(state, letter(' '), 3, 10);
  EXPECT_TRUE(state.is_paused);
  press(state, letter('?'), 3, 10);
  EXPECT_TRUE(state.shows_help);
  press(state, {.key = Key::resize}, 3, 10);
  EXPECT_TRUE(state.shows_help);
  press(state, letter('p'), 3, 10);
  EXPECT_FALSE(state.shows_help);
  EXPECT_EQ(state.view, TopView::mounts) << "the key went into leaving the help";
  press(state, letter('q'), 3, 10);
  EXPECT_TRUE(state.has_ended);
}

TEST(TopKeys, EveryColumnHasALetterOfItsOwn) {
  for (const TopView view : {TopView::mounts, TopView::processes}) {
    std::string letters = "qphR? <>";
    for (const TopColumnFacts& column : columns_of(view)) {
      EXPECT_EQ(letters.find(column.key), std::string::npos) << column.title;
      letters += column.key;
    }
  }
}

}  // namespace
}  // namespace fusescope

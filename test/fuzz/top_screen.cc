// SPDX-License-Identifier: Apache-2.0
#include "agent/text/top_screen.h"

#include "test/fuzz/any_snapshot.h"
#include "test/fuzz/fuzz.h"
#include "test/fuzz/text_checks.h"

namespace fusescope::fuzz {
namespace {

KeyPress any_key(Source& source) {
  const unsigned key = source.up_to(static_cast<unsigned>(Key::resize));
  return {.key = static_cast<Key>(key), .letter = source.number<char>()};
}

}  // namespace

// Two snapshots, a screen, and the keys that are pressed.
void top_screen(std::string_view bytes) {
  Source source(bytes);
  const Snapshot before = any_snapshot(source);
  const Snapshot now = any_snapshot(source);
  const HostLimits host = any_host(source);
  const ScreenSize size{.width = source.number<std::uint8_t>(),
                        .height = source.number<std::uint8_t>()};
  TopState state;
  while (!source.empty()) {
    auto rows = top_rows(now, &before, 1, state.view, host);
    sort_rows(rows, state.order);
    TopHeader header;
    header.clock = "00:00:00";
    header.seconds = 1;
    header.view = state.view;
    for (const ScreenLine& line : fusescope::top_screen(state, header, rows, 1, size)) {
      for (const Span& span : line.spans) hold_for_terminal(span.text);
    }
    hold_for_terminal(top_text(header, rows));
    press(state, any_key(source), rows.size(), rows_on(size));
    keep_in_sight(state, rows.size(), rows_on(size));
    hold(state.selected < std::max<std::size_t>(rows.size(), 1), "a row that is there is selected");
  }
}

}  // namespace fusescope::fuzz

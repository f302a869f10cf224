// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "agent/text/trace_json.h"
#include "agent/text/trace_text.h"
#include "test/fuzz/fuzz.h"
#include "test/fuzz/text_checks.h"

namespace fusescope::fuzz {

// A record of the kernel side, with any names in it, and a mountpoint.
void trace_line(std::string_view bytes) {
  Source source(bytes);
  TraceLine line{.event = source.number<fusescope_trace_event>(),
                 .ended_ns = source.number<std::uint64_t>(),
                 .mountpoint = source.text()};
  line.event.kind &= 1;
  line.event.cause %= FUSESCOPE_CAUSES;
  std::string json;
  add_trace_json(json, line);
  hold_json_lines(json);
  std::string text;
  add_trace_text(text, line);
  hold_for_terminal(text);
  hold(std::ranges::count(json, '\n') == 1 && std::ranges::count(text, '\n') == 1,
       "an event is one line", text);
}

}  // namespace fusescope::fuzz

// SPDX-License-Identifier: Apache-2.0
#include "agent/text/live_json.h"

#include "test/fuzz/any_snapshot.h"
#include "test/fuzz/fuzz.h"
#include "test/fuzz/text_checks.h"

namespace fusescope::fuzz {

void live_json(std::string_view bytes) {
  Source source(bytes);
  Recent recent;
  Recent::Clock::time_point now{};
  for (int i = 0; i < 2; i++) recent.add(now += std::chrono::seconds(2), any_snapshot(source));
  hold_json_lines(
      fusescope::live_json({.recent = recent,
                            .host = any_host(source),
                            .rule = {.hung_after = source.number<std::uint16_t>() / 4.0},
                            .waiting = source.text()}));
}

}  // namespace fusescope::fuzz

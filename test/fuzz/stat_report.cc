// SPDX-License-Identifier: Apache-2.0
#include "agent/text/stat_json.h"
#include "agent/text/stat_text.h"
#include "test/fuzz/any_snapshot.h"
#include "test/fuzz/fuzz.h"
#include "test/fuzz/text_checks.h"

namespace fusescope::fuzz {

void stat_report(std::string_view bytes) {
  Source source(bytes);
  StatReport report;
  for (unsigned words = source.up_to(3); words; words--) report.command.push_back(source.text());
  if (source.flag()) report.signal = source.up_to(64);
  report.seconds = source.number<std::uint32_t>() / 1000.0;
  report.host = any_host(source);
  Snapshot snapshot = any_snapshot(source);
  report.mounts = std::move(snapshot.mounts);
  report.self = std::move(snapshot.self);
  hold_json_lines(stat_json(report));
  hold_for_terminal(stat_text(report));
}

}  // namespace fusescope::fuzz

// SPDX-License-Identifier: Apache-2.0
#include "agent/export/exposition.h"

#include "agent/export/families.h"
#include "test/fuzz/any_snapshot.h"
#include "test/fuzz/fuzz.h"
#include "test/fuzz/text_checks.h"

namespace fusescope::fuzz {
namespace {

std::string text_of(const Snapshot& snapshot, const ExportContext& context) {
  std::string text;
  Exposition exposition([&text](std::string_view piece) { text += piece; });
  each_family(snapshot, context, [&exposition](prometheus::MetricFamily family) {
    exposition.add(std::move(family));
  });
  return text;
}

}  // namespace

void exposition(std::string_view bytes) {
  Source source(bytes);
  const Snapshot snapshot = any_snapshot(source);
  ExportContext context;
  context.version = "1.2.3";
  context.scrape_seconds = source.number<std::uint32_t>() / 1000.0;
  context.states.assign(snapshot.mounts.size(), static_cast<MountState>(source.up_to(6)));
  context.web.requests = {{{"metrics", 200}, source.number<std::uint64_t>()}};
  hold_exposition(text_of(snapshot, context));
}

}  // namespace fusescope::fuzz

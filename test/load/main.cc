// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <nlohmann/json.hpp>

#include "load/engine.h"
#include "load/options.h"
#include "load/run.h"

namespace sgio {
namespace {

using Json = nlohmann::ordered_json;

Json tally_json(const Options& options, const Tally& tally) {
  const double seconds = tally.seconds;
  const auto rate = [seconds](std::uint64_t amount) {
    return seconds > 0 ? static_cast<double>(amount) / seconds : 0.0;
  };
  return {{"op", options.write ? "write" : "read"},
          {"engine", options.engine->name},
          {"mode", options.direct ? "direct" : "buffered"},
          {"segments", options.segments},
          {"segment_bytes", options.segment_bytes},
          {"threads", options.threads},
          {"calls", tally.calls},
          {"asked_bytes", tally.asked_bytes},
          {"bytes", tally.bytes},
          {"short_calls", tally.short_calls},
          {"errors", Json(tally.errors)},
          {"seconds", seconds},
          {"calls_per_second", rate(tally.calls)},
          {"bytes_per_second", rate(tally.bytes)}};
}

int drive(const Options& options) {
  const auto tally = run(options);
  if (!tally) {
    std::fprintf(stderr, "sgio: %s\n", tally.error().text.c_str());
    return 1;
  }
  std::puts(tally_json(options, *tally).dump().c_str());
  if (!tally->first_error || options.keep_going) return 0;
  std::fprintf(stderr, "sgio: %s\n", tally->first_error->c_str());
  return 1;
}

}  // namespace
}  // namespace sgio

int main(int argc, char** argv) {
  const auto options = sgio::parse_options(argc, argv);
  return options ? sgio::drive(*options) : options.error();
}

// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/housekeeping.h"

#include <spdlog/spdlog.h>

#include "agent/base/exceptions.h"

namespace fusescope {

void Housekeeping::run(const std::string& operation, const auto& action) {
  const auto thrown = exception_of(action);
  if (!thrown) return;
  ++exceptions_;
  spdlog::error("{}: {}", operation, *thrown);
}

void Housekeeping::keep(HttpServer& server) {
  run("housekeeping", [&] {
    telemetry_.keep_house();
    settings_.keep(server);
  });
}

void Housekeeping::reload(HttpServer& server) {
  run("read the web config again", [&] { settings_.reload(server); });
}

}  // namespace fusescope

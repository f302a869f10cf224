// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "agent/cmd/telemetry.h"
#include "agent/cmd/web_settings.h"
#include "agent/export/http_server.h"

namespace fusescope {

// What serve does beside answering. An exception ends nothing: it is counted and told in the log.
class Housekeeping {
 public:
  // Both must outlive this.
  Housekeeping(Telemetry& telemetry, WebSettings& settings)
      : telemetry_(telemetry), settings_(settings) {}

  // About once a second.
  void keep(HttpServer& server);

  // When it is asked for, by SIGHUP.
  void reload(HttpServer& server);

  // So far. May be called on any thread.
  [[nodiscard]] std::uint64_t exceptions() const { return exceptions_; }

 private:
  void run(const std::string& operation, const auto& action);

  Telemetry& telemetry_;
  WebSettings& settings_;
  std::atomic<std::uint64_t> exceptions_ = 0;
};

}  // namespace fusescope

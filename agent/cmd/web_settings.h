// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "agent/base/error.h"
#include "agent/cmd/broker.h"
#include "agent/export/http_server.h"
#include "agent/web/web_config.h"

namespace fusescope {

// What --web.config.file says, and whether what it says now is in force.
class WebSettings {
 public:
  // The broker reads the file; none: there is no file, and nobody is asked for anything.
  explicit WebSettings(std::shared_ptr<Broker> broker) : broker_(std::move(broker)) {}

  // At the start: an error is one then.
  Result<WebConfig> load();

  // When it is asked for: reads the file and those that it names, changed or not, and tells in the
  // log, in one line, what came of it.
  void reload(HttpServer& server);

  // About once a second. Hands a file that has changed to the server; one that is not valid is told
  // in the log, once.
  void keep(HttpServer& server);

  // Whether the file as it is now is in force; nothing without a file. May be called on any thread.
  [[nodiscard]] std::optional<bool> are_in_force() const;

 private:
  void take(std::optional<Result<WebConfig>> web, HttpServer& server);

  std::shared_ptr<Broker> broker_;
  std::atomic<bool> valid_ = true;
};

}  // namespace fusescope

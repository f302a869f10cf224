// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/web_settings.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace fusescope {

Result<WebConfig> WebSettings::load() {
  auto web = broker_ ? broker_->web_config() : std::nullopt;
  return web ? std::move(*web) : WebConfig{};
}

void WebSettings::keep(HttpServer& server) {
  take(broker_ ? broker_->web_config() : std::nullopt, server);
}

void WebSettings::reload(HttpServer& server) {
  if (broker_) return take(broker_->web_config(Broker::Read::always), server);
  spdlog::info("nothing to read again: there is no --web.config.file");
}

void WebSettings::take(std::optional<Result<WebConfig>> web, HttpServer& server) {
  if (!web) return;
  valid_ = web->has_value();
  if (*web) {
    server.renew(std::move(**web));
    spdlog::info("web config: read again");
  } else {
    spdlog::error("{}: the previous one stays in use", web->error().text);
  }
}

std::optional<bool> WebSettings::are_in_force() const {
  if (!broker_) return std::nullopt;
  return valid_.load();
}

}  // namespace fusescope

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
  auto web = broker_ ? broker_->web_config() : std::nullopt;
  if (!web) return;
  valid_ = web->has_value();
  if (*web) {
    server.renew(std::move(**web));
    spdlog::info("web config: read again");
  } else {
    spdlog::error("{}: that of before stays", web->error().text);
  }
}

std::optional<bool> WebSettings::are_in_force() const {
  if (!broker_) return std::nullopt;
  return valid_.load();
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/web_settings.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace fusescope {

WebSettings::WebSettings(const std::string& file) {
  if (!file.empty()) file_.emplace(file);
}

Result<WebConfig> WebSettings::load() { return file_ ? file_->load() : WebConfig{}; }

void WebSettings::keep(HttpServer& server) {
  auto web = file_ ? file_->renewed() : std::nullopt;
  if (web) take(std::move(*web), server);
}

void WebSettings::reload(HttpServer& server) {
  if (file_) return take(file_->load(), server);
  spdlog::info("nothing to read again: there is no --web.config.file");
}

void WebSettings::take(Result<WebConfig> web, HttpServer& server) {
  valid_ = web.has_value();
  if (web) {
    server.renew(std::move(*web));
    spdlog::info("web config: read again");
  } else {
    spdlog::error("{}: that of before stays", web.error().text);
  }
}

std::optional<bool> WebSettings::are_in_force() const {
  if (!file_) return std::nullopt;
  return valid_.load();
}

}  // namespace fusescope

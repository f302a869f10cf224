// SPDX-License-Identifier: Apache-2.0
#include "agent/export/gate.h"

#include <gnutls/gnutls.h>
#include <strings.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fusescope {
namespace {

constexpr std::string_view kScheme = "Basic ";

struct Credentials {
  std::string name;
  std::string password;
};

std::optional<std::string> base64_decoded(std::string_view text) {
  const gnutls_datum_t encoded{reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())),
                               static_cast<unsigned>(text.size())};
  gnutls_datum_t decoded{};
  if (gnutls_base64_decode2(&encoded, &decoded) < 0) return std::nullopt;
  std::string bytes(reinterpret_cast<const char*>(decoded.data), decoded.size);
  gnutls_free(decoded.data);
  return bytes;
}

std::optional<Credentials> credentials_of(const HttpRequest& request) {
  const std::string header = request.header("Authorization");
  if (::strncasecmp(header.c_str(), kScheme.data(), kScheme.size()) != 0) return std::nullopt;
  const auto text = base64_decoded(std::string_view(header).substr(kScheme.size()));
  if (!text) return std::nullopt;
  const std::size_t colon = text->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{text->substr(0, colon), text->substr(colon + 1)};
}

HttpResponse too_many(const std::string& what, std::chrono::nanoseconds wait) {
  const auto seconds =
      std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(wait).count());
  return {.status = 429,
          .body = "Too many " + what + ": try again later\n",
          .headers = {{"Retry-After", std::to_string(seconds)}}};
}

HttpResponse unauthorized() {
  return {.status = 401,
          .body = "Unauthorized\n",
          .headers = {{"WWW-Authenticate", "Basic realm=\"fusescope\""}}};
}

}  // namespace

Gate::Gate(const WebConfig& config)
    : rate_limit_(config.rate_limit.value_or(
          RateLimit{.interval = std::chrono::nanoseconds(std::llround(1e9 / kRequestsPerSecond)),
                    .burst = kBurst})),
      headers_(config.headers),
      rates_(rate_limit_.interval, rate_limit_.burst) {
  if (!config.users.empty()) passwords_.emplace(config.users);
}

std::optional<HttpResponse> Gate::refuse(const HttpRequest& request, const std::string& client,
                                         Clock::time_point now) {
  if (is_too_fast(client, now)) return too_many("requests from this address", rate_limit_.interval);
  if (!passwords_) return std::nullopt;
  const auto credentials = credentials_of(request);
  if (!credentials) return unauthorized();
  switch (passwords_->check(credentials->name, credentials->password, client, now)) {
    case Login::right: return std::nullopt;
    case Login::wrong: return unauthorized();
    case Login::too_many_attempts:
      return too_many("wrong passwords from this address", Passwords::kAttemptInterval);
    case Login::no_time: return too_many("wrong passwords", std::chrono::seconds(1));
  }
  std::unreachable();
}

void Gate::take_over(Gate& before, Clock::time_point now) {
  if (passwords_ && before.passwords_) passwords_->take_over(*before.passwords_, now);
  if (rate_limit_ == before.rate_limit_) rates_ = std::move(before.rates_);
}

void Gate::add_headers(HttpResponse& response) const {
  for (const auto& [name, value] : headers_) response.headers.push_back({name, value});
}

bool Gate::is_too_fast(const std::string& client, Clock::time_point now) {
  if (rate_limit_.interval == Clock::duration::zero()) return false;
  TokenBucket& rate = rates_.of(client, now);
  if (rate.tokens(now) < 1) return true;
  rate.take(1, now);
  return false;
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
// Who is let in: comes before the routes, for every path.
#pragma once

#include <optional>
#include <string>

#include "agent/export/router.h"
#include "agent/web/passwords.h"
#include "agent/web/token_bucket.h"
#include "agent/web/web_config.h"

namespace fusescope {

// Not thread-safe.
class Gate {
 public:
  using Clock = TokenBucket::Clock;

  // Without a rate limit in the config, kRequestsPerSecond and kBurst hold.
  explicit Gate(const WebConfig& config);

  // Goes on where that of an earlier config ends, which is of no use then: who was right, who has
  // guessed, and the rates if the limit is the same.
  void take_over(Gate& before, Clock::time_point now);

  // The answer to a request that is not let in: status 429 above the client's rate, its limit of
  // wrong passwords or the time for passwords, and 401 without a right password. `client` is the
  // address that it comes from.
  std::optional<HttpResponse> refuse(const HttpRequest& request, const std::string& client,
                                     Clock::time_point now);

  // Adds those that the config asks for.
  void add_headers(HttpResponse& response) const;

  static constexpr double kRequestsPerSecond = 100;
  static constexpr double kBurst = 500;

 private:
  bool is_too_fast(const std::string& client, Clock::time_point now);

  RateLimit rate_limit_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::optional<Passwords> passwords_;
  BucketsByClient rates_;
};

}  // namespace fusescope

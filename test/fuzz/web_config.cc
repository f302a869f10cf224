// SPDX-License-Identifier: Apache-2.0
#include <gnutls/gnutls.h>

#include "agent/web/parse_web_config.h"
#include "agent/web/passwords.h"
#include "test/fuzz/fuzz.h"
#include "test/fuzz/text_checks.h"

namespace fusescope::fuzz {
namespace {

void hold_for_gnutls(const std::string& priorities) {
  gnutls_priority_t made = nullptr;
  hold(gnutls_priority_init(&made, priorities.c_str(), nullptr) >= 0,
       "GnuTLS takes the versions, suites and curves", priorities);
  gnutls_priority_deinit(made);
}

void hold_good(const auto& config) {
  for (const auto& [name, hash] : config.users) {
    hold(check_hash(hash) && !name.contains(':'), "a user has a bcrypt hash, and a name", name);
  }
  for (const auto& [name, value] : config.headers) {
    hold(!has_control_characters(value) && !value.contains('\n'), "a header is one line", value);
  }
  if (config.rate_limit) {
    hold(config.rate_limit->interval.count() >= 0, "an interval is no less than nothing");
    hold(config.rate_limit->burst >= 1, "a burst lets one request in at least");
  }
  if (config.tls) hold_for_gnutls(config.tls->priorities);
}

}  // namespace

void web_config(std::string_view bytes) {
  if (const auto config = parse_web_config(bytes)) {
    hold_good(*config);
  } else {
    const std::string& reason = config.error().text;
    hold(!reason.empty() && !reason.contains('\n'), "a refusal has a reason of one line", reason);
    hold_for_terminal(reason);
  }
}

}  // namespace fusescope::fuzz

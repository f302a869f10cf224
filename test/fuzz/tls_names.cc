// SPDX-License-Identifier: Apache-2.0
#include "agent/web/tls_names.h"

#include <gnutls/gnutls.h>

#include "test/fuzz/fuzz.h"

namespace fusescope::fuzz {
namespace {

bool is_known(const TlsChoice& choice) {
  const auto all = [](const auto& names, auto find) {
    return std::ranges::all_of(names,
                               [&](const std::string& name) { return find(name).has_value(); });
  };
  return tls_version(choice.min_version) && tls_version(choice.max_version) &&
         all(choice.suites, tls_suite) && all(choice.curves, tls_curve);
}

}  // namespace

// Lines: the oldest version, the newest, and then "s NAME" for a suite and "c NAME" for a curve.
void tls_names(std::string_view bytes) {
  Source lines(bytes);
  TlsChoice choice;
  choice.min_version = lines.until("\n");
  choice.max_version = lines.until("\n");
  while (!lines.empty()) {
    const std::string_view line = lines.until("\n");
    if (line.starts_with("s ")) choice.suites.emplace_back(line.substr(2));
    if (line.starts_with("c ")) choice.curves.emplace_back(line.substr(2));
    if (line == "client") choice.prefer_server_suites = false;
  }
  if (!is_known(choice)) return;
  const std::string priorities = tls_priorities(choice);
  if (priorities.empty()) return;
  gnutls_priority_t parsed = nullptr;
  hold(gnutls_priority_init(&parsed, priorities.c_str(), nullptr) >= 0,
       "GnuTLS takes what names that are known make", priorities);
  gnutls_priority_deinit(parsed);
}

}  // namespace fusescope::fuzz

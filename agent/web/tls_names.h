// SPDX-License-Identifier: Apache-2.0
// Go's names of versions, cipher suites and curves, which the web config uses, for GnuTLS.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fusescope {

// What GnuTLS calls it; none: it has no such version, suite or curve, or it is not safe.
std::optional<std::string_view> tls_version(std::string_view go_name);
std::optional<std::string_view> tls_suite(std::string_view go_name);
std::optional<std::string_view> tls_curve(std::string_view go_name);

// What is known, for an error: "TLS10, TLS11, TLS12, TLS13".
std::string known_tls_versions();
std::string known_tls_suites();
std::string known_tls_curves();

struct TlsChoice {
  std::string min_version = "TLS12";
  std::string max_version = "TLS13";
  std::vector<std::string> suites =
      {};  // TLS 1.3 is held to their ciphers; empty: as GnuTLS has it
  std::vector<std::string> curves = {};  // empty: as GnuTLS has it
  bool prefer_server_suites = true;
};

// As a priority string of GnuTLS. The names must be known; empty if no version is left.
std::string tls_priorities(const TlsChoice& choice);

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/web/tls_names.h"

#include <algorithm>
#include <array>
#include <span>

namespace fusescope {
namespace {

struct Name {
  std::string_view go;
  std::string_view gnutls;
};

constexpr std::array kVersions = {
    // in order of age
    Name{"TLS10", "VERS-TLS1.0"},
    Name{"TLS11", "VERS-TLS1.1"},
    Name{"TLS12", "VERS-TLS1.2"},
    Name{"TLS13", "VERS-TLS1.3"},
};

// Those that Go itself calls secure (crypto/tls, CipherSuites), up to TLS 1.2: key exchange, cipher
// and the code that protects records.
constexpr std::array kSuites = {
    Name{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "+ECDHE-ECDSA:+AES-128-GCM:+AEAD"},
    Name{"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "+ECDHE-ECDSA:+AES-256-GCM:+AEAD"},
    Name{"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "+ECDHE-ECDSA:+CHACHA20-POLY1305:+AEAD"},
    Name{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "+ECDHE-RSA:+AES-128-GCM:+AEAD"},
    Name{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "+ECDHE-RSA:+AES-256-GCM:+AEAD"},
    Name{"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "+ECDHE-RSA:+CHACHA20-POLY1305:+AEAD"},
};

constexpr std::array kCurves = {
    Name{"CurveP256", "GROUP-SECP256R1"},
    Name{"CurveP384", "GROUP-SECP384R1"},
    Name{"CurveP521", "GROUP-SECP521R1"},
    Name{"X25519", "GROUP-X25519"},
};

std::optional<std::string_view> find(std::span<const Name> names, std::string_view go) {
  const auto found = std::ranges::find(names, go, &Name::go);
  if (found == names.end()) return std::nullopt;
  return found->gnutls;
}

std::string list(std::span<const Name> names) {
  std::string text;
  for (const Name& name : names) {
    if (!text.empty()) text += ", ";
    text += name.go;
  }
  return text;
}

}  // namespace

std::optional<std::string_view> tls_version(std::string_view name) { return find(kVersions, name); }
std::optional<std::string_view> tls_suite(std::string_view name) { return find(kSuites, name); }
std::optional<std::string_view> tls_curve(std::string_view name) { return find(kCurves, name); }

std::string known_tls_versions() { return list(kVersions); }
std::string known_tls_suites() { return list(kSuites); }
std::string known_tls_curves() { return list(kCurves); }

std::string tls_priorities(const TlsChoice& choice) {
  const auto min = std::ranges::find(kVersions, choice.min_version, &Name::go);
  const auto max = std::ranges::find(kVersions, choice.max_version, &Name::go);
  if (min > max) return "";
  std::string text = "NORMAL:-VERS-ALL";
  for (auto version = min; version != max + 1; ++version) {
    text.append(":+").append(version->gnutls);
  }
  if (!choice.suites.empty()) {
    // GnuTLS takes the parts one by one; the certificate's kind of key decides on the exchange.
    text += ":-KX-ALL:-CIPHER-ALL:-MAC-ALL";
    for (const std::string& suite : choice.suites) text.append(":").append(*tls_suite(suite));
  }
  if (!choice.curves.empty()) {
    text += ":-GROUP-ALL";
    for (const std::string& curve : choice.curves) text.append(":+").append(*tls_curve(curve));
  }
  if (choice.prefer_server_suites) text += ":%SERVER_PRECEDENCE";
  return text;
}

}  // namespace fusescope

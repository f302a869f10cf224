// SPDX-License-Identifier: Apache-2.0
#include "agent/web/certificates.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "test/unit/self_signed.h"

namespace fusescope {
namespace {

using namespace std::string_literals;

TlsConfig config_of(const SelfSigned& pair) {
  return {.certificate = pair.certificate, .key = pair.key, .priorities = "NORMAL"};
}

// What the base64 says is no DER.
std::string damaged(std::string pem) { return pem.replace(pem.find('\n') + 1, 8, "AAAAAAAA"); }

TEST(Certificates, EachDamageIsRefusedAndCostsNoMemory) {
  const SelfSigned pair = make_self_signed();
  const SelfSigned other = make_self_signed();
  std::vector<std::pair<TlsConfig, std::string>> bad;
  const auto add = [&](const std::string& start, const auto& damage) {
    damage(bad.emplace_back(config_of(pair), start).first);
  };
  add("certificate: ", [&](TlsConfig& tls) { tls.certificate = damaged(tls.certificate); });
  add("certificate: ", [&](TlsConfig& tls) { tls.certificate += damaged(pair.certificate); });
  add("certificate: ", [&](TlsConfig& tls) { tls.certificate.resize(100); });
  add("certificate: ", [&](TlsConfig& tls) { tls.certificate = pair.key; });
  add("key: ", [&](TlsConfig& tls) { tls.key = damaged(tls.key); });
  add("key: ", [&](TlsConfig& tls) { tls.key = pair.certificate; });
  add("certificate and key: ", [&](TlsConfig& tls) { tls.key = other.key; });
  add("client_ca: ", [&](TlsConfig& tls) { tls.client_ca = damaged(pair.certificate); });
  add("client_ca: ", [&](TlsConfig& tls) { tls.client_ca = pair.key; });
  add("versions, ", [&](TlsConfig& tls) { tls.priorities = "NONSENSE"; });
  for (const auto& [config, start] : bad) {
    const auto checked = check_certificates(config);
    ASSERT_FALSE(checked) << start;
    EXPECT_TRUE(checked.error().text.starts_with(start)) << checked.error().text;
    const std::size_t before = ::mallinfo2().uordblks;
    for (int i = 0; i < 300; ++i) EXPECT_FALSE(check_certificates(config));
    EXPECT_LT(::mallinfo2().uordblks, before + 16UL * 1024) << checked.error().text;
  }
  EXPECT_TRUE(check_certificates(config_of(pair)));
}

TEST(Certificates, AreKnownByAnyOfTheirNames) {
  const std::string certificate = make_certificate({{GNUTLS_SAN_DNSNAME, "prometheus.example"},
                                                    {GNUTLS_SAN_RFC822NAME, "root@host.example"},
                                                    {GNUTLS_SAN_IPADDRESS, "\xc0\0\2\1"s},
                                                    {GNUTLS_SAN_URI, "spiffe://example/agent"}});
  for (const char* name :
       {"prometheus.example", "root@host.example", "192.0.2.1", "spiffe://example/agent"}) {
    EXPECT_TRUE(has_one_of_names(certificate, {"other", name})) << name;
  }
  for (const char* name : {"", "prometheus", "prometheus.example.", "\xc0", "*"}) {
    EXPECT_FALSE(has_one_of_names(certificate, {name})) << name;
  }
}

TEST(Certificates, ANameThatGoesOnBehindAZeroIsAnother) {
  std::string certificate =
      make_certificate({{GNUTLS_SAN_DNSNAME, "prometheus.example#.attacker.example"},
                        {GNUTLS_SAN_URI, "#prometheus.example"}});
  ASSERT_TRUE(has_one_of_names(certificate, {"prometheus.example#.attacker.example"}));
  std::ranges::replace(certificate, '#', '\0');
  EXPECT_FALSE(has_one_of_names(certificate, {"prometheus.example", ""}));
}

TEST(Certificates, NamesOfOtherKindsDoNotCount) {
  const std::string certificate = make_certificate({{GNUTLS_SAN_IPADDRESS, "five!"},
                                                    {GNUTLS_SAN_DNSNAME, std::string(2000, 'x')},
                                                    {GNUTLS_SAN_DNSNAME, "prometheus.example"}});
  EXPECT_FALSE(has_one_of_names(certificate, {""}));
  EXPECT_TRUE(has_one_of_names(certificate, {"prometheus.example"})) << "behind a long one";
}

TEST(Certificates, WhatIsNoCertificateHasNoName) {
  const std::string certificate = make_certificate({{GNUTLS_SAN_DNSNAME, "a"}});
  for (std::size_t size = 0; size < certificate.size(); ++size) {
    EXPECT_FALSE(has_one_of_names(certificate.substr(0, size), {"a", ""}));
  }
}

}  // namespace
}  // namespace fusescope

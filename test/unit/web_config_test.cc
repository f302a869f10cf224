// SPDX-License-Identifier: Apache-2.0
#include "agent/web/web_config.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <string>
#include <utility>
#include <vector>

#include "agent/web/tls_names.h"
#include "test/unit/self_signed.h"
#include "test/unit/temporary_directory.h"

namespace fusescope {
namespace {

using namespace std::chrono_literals;

const std::string kHash = "$2b$10$OOOrMCQ4P0fJDp9qtjyTzuBXi4jH708p/J4fI3rs0U7Z1q5VBlhIu";

const std::string kTls = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";

class WebConfigTest : public testing::Test {
 protected:
  WebConfigTest() {
    directory_.write("server.crt", pair_.certificate);
    directory_.write("server.key", pair_.key);
  }

  Result<WebConfig> load(const std::string& text) {
    directory_.write("web.yml", text);
    return WebConfigFile(path()).load();
  }

  // The text without the file's name; empty if it is accepted.
  std::string refusal(const std::string& text) {
    const auto config = load(text);
    if (config) return "";
    const std::string start = "web config " + path() + ": ";
    EXPECT_TRUE(config.error().text.starts_with(start)) << config.error().text;
    return config.error().text.substr(start.size());
  }

  [[nodiscard]] std::string path() const { return directory_.path() + "/web.yml"; }

  TemporaryDirectory directory_;
  const SelfSigned pair_ = make_self_signed();
};

TEST_F(WebConfigTest, AnEmptyFileAsksForNothing) {
  const auto config = load("");
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->tls || config->rate_limit);
  EXPECT_TRUE(config->users.empty() && config->headers.empty());
}

TEST_F(WebConfigTest, ReadsAllOfIt) {
  const auto config = load(kTls +
                           "  client_auth_type: RequireAndVerifyClientCert\n"
                           "  client_ca_file: server.crt\n"
                           "  client_allowed_sans: [prometheus.example]\n"
                           "  min_version: TLS13\n"
                           "basic_auth_users:\n  alice: " +
                           kHash +
                           "\nhttp_server_config:\n  http2: false\n  headers:\n"
                           "    X-Frame-Options: deny\n"
                           "rate_limit:\n  interval: 1m30s\n  burst: 7\n");
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->tls->certificate, pair_.certificate);
  EXPECT_EQ(config->tls->key, pair_.key);
  EXPECT_EQ(config->tls->client_ca, pair_.certificate);
  EXPECT_EQ(config->tls->client, ClientCertificate::RequireAndVerifyClientCert);
  EXPECT_EQ(config->tls->client_names, std::vector<std::string>{"prometheus.example"});
  EXPECT_EQ(config->tls->priorities, "NORMAL:-VERS-ALL:+VERS-TLS1.3:%SERVER_PRECEDENCE");
  EXPECT_EQ(config->users.at("alice"), kHash);
  EXPECT_EQ(config->headers.at(0).first + config->headers.at(0).second, "X-Frame-Optionsdeny");
  EXPECT_EQ(config->rate_limit->interval, 90s);
  EXPECT_EQ(config->rate_limit->burst, 7);
}

std::string indented(std::string text) {
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) text.insert(at, "    ");
  return text;
}

TEST_F(WebConfigTest, TakesCertificatesThatStandInTheFile) {
  const auto config = load("tls_server_config:\n  cert: |\n" + indented(pair_.certificate) +
                           "  key: |\n" + indented(pair_.key));
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->tls->certificate, pair_.certificate);
  EXPECT_EQ(config->tls->key, pair_.key);
}

TEST_F(WebConfigTest, AnIntervalOfZeroIsKeptAsNoLimit) {
  const auto config = load("rate_limit: {interval: 0, burst: 1}");
  ASSERT_TRUE(config && config->rate_limit);
  EXPECT_EQ(config->rate_limit->interval, 0s);
}

TEST_F(WebConfigTest, RefusesWithTheLineAndTheReason) {
  const std::string tls = kTls;
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"tls: {}", "line 1: unknown key 'tls' in the file"},
      {"- a", "line 1: the file is no map of keys"},
      {"a: [", "line "},
      {tls + "  ciphers: []", "line 4: unknown key 'ciphers' in tls_server_config"},
      {"tls_server_config: {key_file: server.key}", "line 1: tls_server_config needs cert_file"},
      {"tls_server_config: {cert_file: server.crt}", "line 1: tls_server_config needs key_file"},
      {"tls_server_config: {key_file: server.key, cert_file: gone.crt}", "line 1: read "},
      {tls + "  cert: x", "line 4: cert and cert_file are both given: keep one of them"},
      {"tls_server_config: {cert_file: server.key, key_file: server.key}", "line 1: certificate: "},
      {tls + "  min_version: SSL3", "line 4: 'SSL3' is none of TLS10, TLS11, TLS12, TLS13"},
      {tls + "  max_version: TLS11", "line 2: no version is left from min_version TLS12"},
      {tls + "  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]",
       "line 4: 'TLS_RSA_WITH_RC4_128_SHA' is none of TLS_ECDHE_"},
      {tls + "  curve_preferences: [P1]", "line 4: 'P1' is none of CurveP256"},
      {tls + "  client_auth_type: Always", "line 4: 'Always' is none of NoClientCert, "},
      {tls + "  client_auth_type: RequireAndVerifyClientCert",
       "line 2: clients cannot be verified without client_ca_file"},
      {tls + "  client_ca_file: server.crt", "line 2: client_ca_file is given, and "},
      {tls + "  client_allowed_sans: [a]", "line 4: client_allowed_sans needs "},
      {tls + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: server.key",
       "line 2: client_ca: "},
      {"basic_auth_users: [alice]", "line 1: basic_auth_users is no map"},
      {"basic_auth_users:\n  alice: secret", "line 2: user 'alice': no bcrypt hash: make one "},
      {"basic_auth_users:\n  alice: $2b$31" + kHash.substr(6),
       "line 2: user 'alice': bcrypt cost 31 is above 13"},
      {"basic_auth_users:\n  \"a:b\": " + kHash, "line 2: user name with a colon"},
      {"http_server_config:\n  headers:\n    Server: x", "line 3: header 'Server' cannot be set"},
      {"http_server_config: {headers: {X-Frame-Options: \"a\\nb\"}}",
       "line 1: header X-Frame-Options: a control character"},
      {"rate_limit: {burst: 1}", "line 1: rate_limit needs an interval"},
      {"rate_limit: {interval: 5}", "line 1: '5' is no duration such as"},
      {"rate_limit: {interval: 1s, burst: 0}", "line 1: a burst of 0"},
      {"rate_limit: {interval: 1s, burst: -1}", "line 1: burst has a value of the wrong kind"},
      {"http_server_config: {http2: perhaps}", "line 1: http2 has a value of the wrong kind"},
      {tls + "  client_allowed_sans: one", "line 4: client_allowed_sans has a value of the "},
      {tls + "  min_version: [TLS12]", "line 4: min_version has a value of the wrong kind"},
  };
  for (const auto& [text, start] : bad) {
    EXPECT_EQ(refusal(text).substr(0, start.size()), start) << text;
  }
}

TEST_F(WebConfigTest, NeverQuotesASecret) {
  EXPECT_EQ(refusal("basic_auth_users: {alice: hunter2}").find("hunter2"), std::string::npos);
}

TEST_F(WebConfigTest, AFileThatIsNotThereIsRefused) {
  const auto config = WebConfigFile("/nowhere/web.yml").load();
  ASSERT_FALSE(config);
  EXPECT_EQ(
      config.error().text,
      "web config: read /nowhere/web.yml: No such file or directory: give a file that the user "
      "whom the agent runs as may read");
}

TEST_F(WebConfigTest, IsRenewedWhenAFileHasChanged) {
  directory_.write("web.yml", kTls);
  WebConfigFile file(path());
  ASSERT_TRUE(file.load());
  EXPECT_FALSE(file.renewed());
  directory_.write("server.key", pair_.key + "\n");
  const auto renewed = file.renewed();
  ASSERT_TRUE(renewed && *renewed);
  EXPECT_EQ((*renewed)->tls->key, pair_.key + "\n");
  EXPECT_FALSE(file.renewed());
}

TEST_F(WebConfigTest, TellsAnErrorOnceAndTakesUpWhatWasMissing) {
  directory_.write("web.yml", "");
  WebConfigFile file(path());
  ASSERT_TRUE(file.load());
  directory_.remove("server.key");
  directory_.write("web.yml", kTls);
  const auto missing = file.renewed();
  ASSERT_TRUE(missing);
  EXPECT_FALSE(*missing);
  EXPECT_FALSE(file.renewed());
  directory_.write("server.key", pair_.key);
  const auto found = file.renewed();
  ASSERT_TRUE(found);
  EXPECT_TRUE(*found);
  EXPECT_FALSE(file.renewed());
}

// A file that is empty would be an authority that vouches for nobody, or for all.
TEST_F(WebConfigTest, RefusesEmptyFiles) {
  directory_.write("empty", "");
  const std::string ca =
      "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: empty\n";
  EXPECT_EQ(refusal(kTls + ca), "line 5: read " + directory_.path() + "/empty: it is empty");
  EXPECT_EQ(refusal("tls_server_config: {cert_file: empty, key_file: server.key}"),
            "line 1: read " + directory_.path() + "/empty: it is empty");
}

// Each attempt took 10.6 KB that GnuTLS did not give back, and there was one each second.
TEST_F(WebConfigTest, TriesADamagedCertificateOnceForEachChange) {
  directory_.write("web.yml", kTls);
  WebConfigFile file(path());
  ASSERT_TRUE(file.load());
  std::size_t before = 0;
  for (unsigned i = 0; i < 310; ++i) {
    directory_.write("server.crt", pair_.certificate.substr(0, 100 + i % 200));
    const auto tried = file.renewed();
    ASSERT_TRUE(tried && !*tried) << i;
    for (int again = 0; again < 3; ++again) ASSERT_FALSE(file.renewed()) << "tried again";
    if (i == 10) before = ::mallinfo2().uordblks;
  }
  EXPECT_LT(::mallinfo2().uordblks, before + 100'000);
  directory_.write("server.crt", pair_.certificate);
  const auto fixed = file.renewed();
  EXPECT_TRUE(fixed && *fixed);
}

TEST_F(WebConfigTest, WhatIsOnlyTouchedIsNotReadAgain) {
  directory_.write("web.yml", kTls);
  WebConfigFile file(path());
  ASSERT_TRUE(file.load());
  directory_.write("server.crt", pair_.certificate);
  EXPECT_FALSE(file.renewed());
}

TEST(TlsNames, HoldToTheSuitesThatAreChosen) {
  EXPECT_EQ(tls_priorities({.max_version = "TLS12",
                            .suites = {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
                            .curves = {"X25519", "CurveP256"},
                            .prefer_server_suites = false}),
            "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:-CIPHER-ALL:-MAC-ALL:+ECDHE-RSA:+AES-128-GCM:"
            "+AEAD:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1");
}

}  // namespace
}  // namespace fusescope

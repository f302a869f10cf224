// SPDX-License-Identifier: Apache-2.0
#include "agent/web/parse_web_config.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace fusescope {
namespace {

using namespace std::chrono_literals;

const std::string kHash = "$2b$10$OOOrMCQ4P0fJDp9qtjyTzuBXi4jH708p/J4fI3rs0U7Z1q5VBlhIu";

std::string refusal(const std::string& text) {
  const auto config = parse_web_config(text);
  return config ? "" : config.error().text;
}

std::string interval(const std::string& text) { return "rate_limit: {interval: " + text + "}"; }

std::string repeated(const std::string& text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

TEST(ParseWebConfig, NamesFilesAndReadsNone) {
  const auto config = parse_web_config(
      "tls_server_config:\n  cert_file: gone.crt\n  key: inline\n  client_ca_file: /gone/ca\n"
      "  client_auth_type: VerifyClientCertIfGiven\n");
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->tls->certificate.file, "gone.crt");
  EXPECT_EQ(config->tls->certificate.line, 2);
  EXPECT_EQ(config->tls->key.text, "inline");
  EXPECT_EQ(config->tls->client_ca.file, "/gone/ca");
}

TEST(ParseWebConfig, IntervalsAreOfAYearAtMost) {
  EXPECT_EQ(parse_web_config(interval("8760h"))->rate_limit->interval, 8760h);
  EXPECT_EQ(parse_web_config(interval("8759h59m60s"))->rate_limit->interval, 8760h);
  for (const char* text : {"8760h1ms", "1000000h1000000h1000000h", "9223372036854775807h",
                           "99999999999999999999s", "8760h8760h", "1ms9223372036854775807ms"}) {
    EXPECT_EQ(refusal(interval(text)), "line 1: '" + std::string(text) + "' is longer than 8760h");
  }
  for (const char* text : {"-1s", "1s-1s", "+1s", "1.5s", "1", "s", "0x1s", "1 s", "''", "1us"}) {
    EXPECT_NE(refusal(interval(text)).find("is no duration such as"), std::string::npos) << text;
  }
}

TEST(ParseWebConfig, BurstsOfNoSenseAreRefused) {
  for (const char* burst : {"-1", "4294967296", "1e9", "1.5", "many", "[1]"}) {
    EXPECT_EQ(refusal("rate_limit: {interval: 1s, burst: " + std::string(burst) + "}"),
              "line 1: burst has a value of the wrong kind");
  }
}

// Where nobody vouches for a certificate, its names are what the client likes them to be.
TEST(ParseWebConfig, NamesOfClientsNeedAuthorities) {
  const std::string tls = "tls_server_config:\n  cert_file: a\n  key_file: b\n";
  const std::string ca = "  client_ca_file: c\n";
  const std::string names = "  client_allowed_sans: [prometheus.example]\n";
  for (const char* type : {"NoClientCert", "RequestClientCert", "RequireAnyClientCert"}) {
    EXPECT_TRUE(refusal(tls + names + "  client_auth_type: " + type)
                    .starts_with("line 4: client_allowed_sans needs client_auth_type "
                                 "RequireAndVerifyClientCert and client_ca_file: "))
        << type;
  }
  EXPECT_TRUE(refusal(tls + names + ca + "  client_auth_type: VerifyClientCertIfGiven")
                  .starts_with("line 4: client_allowed_sans needs "));
  const std::string verified = ca + "  client_auth_type: RequireAndVerifyClientCert\n";
  EXPECT_EQ(refusal(tls + names + verified), "");
  EXPECT_TRUE(refusal(tls + verified + "  client_allowed_sans: []")
                  .starts_with("line 6: client_allowed_sans is empty"));
  EXPECT_EQ(refusal(tls + verified + "  client_allowed_sans: [a, '']"),
            "line 6: client_allowed_sans has an empty name");
}

TEST(ParseWebConfig, WhatStandsTwiceIsRefused) {
  const std::string users = "basic_auth_users: {alice: " + kHash + "}\n";
  EXPECT_EQ(refusal(users + users), "line 2: basic_auth_users is given twice: keep one of them");
  EXPECT_EQ(refusal(users + "---\n" + users),
            "line 2: a second document, which would not be read: keep one of them");
  EXPECT_EQ(refusal("basic_auth_users: {alice: " + kHash + ", alice: " + kHash + "}"),
            "line 1: user 'alice' twice");
  EXPECT_EQ(refusal("http_server_config:\n  headers:\n    X-Frame-Options: a\n"
                    "    X-Frame-Options: b\n"),
            "line 4: header X-Frame-Options twice");
}

TEST(ParseWebConfig, HeadersFitIntoAnAnswer) {
  const std::string header = "http_server_config: {headers: {Content-Security-Policy: ";
  EXPECT_EQ(refusal(header + std::string(8000, 'x') + "}}"), "");
  EXPECT_EQ(refusal(header + std::string(8192, 'x') + "}}"), "line 1: headers of more than 8 KiB");
}

TEST(ParseWebConfig, AnErrorIsOneShortLine) {
  EXPECT_EQ(refusal("\"a\\n\\x1b[31m\": 1"), "line 1: unknown key 'a??[31m' in the file");
  EXPECT_LT(refusal(std::string(1000, 'x') + ": 1").size(), 120U);
  EXPECT_EQ(refusal("tls_server_config: {cert_file: \"a\\0b\"}"),
            "line 1: a name of a file cannot have a NUL");
  EXPECT_EQ(refusal("basic_auth_users: {alice: ''}").substr(0, 37),
            "line 1: user 'alice': no bcrypt hash:");
}

// Each of these is refused, or read, in a moment; the library would throw, or recurse.
TEST(ParseWebConfig, HoldsAgainstBombs) {
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string number = std::to_string(i);
    const std::string before = std::string("*a").append(std::to_string(i - 1)).append(", ");
    laughs.append("a").append(number).append(": &a").append(number).append(" [");
    laughs.append(repeated(before, 10)).append("]\n");
  }
  const std::vector<std::string> bombs = {
      ",",
      laughs,
      "rate_limit: &a {interval: *a}",
      "&a [*a, *a]",
      "? &a [*a]\n: *a",
      "tls_server_config: &a\n  client_allowed_sans: [*a, *a]\n  cert_file: a\n  key_file: b\n",
      repeated("[", 100'000),
      repeated("{", 100'000),
      repeated("{a: ", 60'000),
      repeated("- ", 100'000),
      repeated("? ", 100'000),
      repeated("? - ", 60'000),
      repeated("a: ", 80'000),
      repeated("[a,", 80'000),
      repeated("!!x ", 60'000),
      repeated("&a ", 80'000),
      "[" + repeated("a,", 120'000) + "]",
      "{" + repeated("a,", 120'000) + "}",
      repeated("a: 1\n", 50'000),
      repeated("---\n", 60'000),
      repeated("%TAG ! x\n", 20'000),
      "a: |\n" + repeated(" \n", 100'000),
      "\"" + repeated("\\x41", 60'000) + "\"",
      std::string(kMaxConfigBytes, '\0'),
      std::string(kMaxConfigBytes, '\xff'),
      std::string(kMaxConfigBytes, '\t'),
      "\xff\xfe" + repeated("[\0", 100'000),
      "basic_auth_users: [" + repeated("*", 1000) + "]",
      std::string(kMaxConfigBytes + 1, ' '),
  };
  for (const std::string& bomb : bombs) {
    const auto begin = std::chrono::steady_clock::now();
    const auto config = parse_web_config(bomb);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s) << bomb.substr(0, 20);
    EXPECT_LT(config ? 0 : config.error().text.size(), 200U) << bomb.substr(0, 20);
  }
  EXPECT_EQ(refusal(bombs.back()), "it is larger than 256 KiB");
}

}  // namespace
}  // namespace fusescope

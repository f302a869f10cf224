// SPDX-License-Identifier: Apache-2.0
// What the text of a web config says, before any file that it names is read.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/error.h"
#include "agent/web/web_config.h"

namespace fusescope {

// A PEM text that stands in the config, or the name of the file that has it.
struct PemSource {
  std::string text;
  std::string file;  // as it is written: relative to the directory of the config
  int line = 0;      // of the config, from 1

  [[nodiscard]] bool is_given() const { return !text.empty() || !file.empty(); }
};

struct ParsedTls {
  PemSource certificate;
  PemSource key;
  PemSource client_ca;
  ClientCertificate client = ClientCertificate::NoClientCert;
  std::vector<std::string> client_names;
  std::string priorities;
  int line = 0;
};

// As WebConfig.
struct ParsedWebConfig {
  std::optional<ParsedTls> tls = {};
  std::map<std::string, std::string, std::less<>> users = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::optional<RateLimit> rate_limit = {};
};

// Any bytes; more than kMaxConfigBytes are refused. Touches no file, and nothing is thrown. The
// error is "line N: reason" where the line is known, in one line, and never quotes a secret.
Result<ParsedWebConfig> parse_web_config(std::string_view yaml);

constexpr std::size_t kMaxConfigBytes = 256UL * 1024;

}  // namespace fusescope

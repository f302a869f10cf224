// SPDX-License-Identifier: Apache-2.0
#include "agent/web/parse_web_config.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <sstream>

#include "agent/base/list_text.h"
#include "agent/web/passwords.h"
#include "agent/web/tls_names.h"
#include "agent/web/yaml_fields.h"

namespace fusescope {
namespace {

constexpr std::array kClientCertificates = {
    std::pair{"NoClientCert", ClientCertificate::NoClientCert},
    std::pair{"RequestClientCert", ClientCertificate::RequestClientCert},
    std::pair{"RequireAnyClientCert", ClientCertificate::RequireAnyClientCert},
    std::pair{"VerifyClientCertIfGiven", ClientCertificate::VerifyClientCertIfGiven},
    std::pair{"RequireAndVerifyClientCert", ClientCertificate::RequireAndVerifyClientCert},
};

constexpr std::array kHeaders = {"Content-Security-Policy", "X-Frame-Options",
                                 "X-Content-Type-Options", "X-XSS-Protection",
                                 "Strict-Transport-Security"};

// All of them together: a response has to fit into what a connection may hold.
constexpr std::size_t kMaxHeaderBytes = 8192;

// As one line of plain characters: it goes into a log.
std::unexpected<Error> error_of(std::string text) {
  std::ranges::replace_if(text, [](unsigned char byte) { return byte < ' ' || byte >= 0x7f; }, '?');
  return std::unexpected(Error{std::move(text)});
}

// A PEM text that stands under `key`, or in the file under `key`_file.
PemSource pem(const YAML::Node& tls, const std::string& key) {
  const std::string file_key = key + "_file";
  PemSource source{.text = value_or<std::string>(tls, key.c_str(), ""),
                   .file = value_or<std::string>(tls, file_key.c_str(), "")};
  if (!source.text.empty() && !source.file.empty()) {
    refuse(tls[key], key + " and " + file_key + " are both given: keep one of them");
  }
  if (source.file.find('\0') != std::string::npos) {
    refuse(tls[file_key], "a name of a file cannot have a NUL");
  }
  if (source.is_given()) source.line = line_of(tls[source.file.empty() ? key : file_key]);
  return source;
}

void check_name(const YAML::Node& node, const std::string& name,
                std::optional<std::string_view> (*find)(std::string_view),
                const std::string& known) {
  if (!find(name)) refuse(node, quoted(name) + " is none of " + known);
}

std::vector<std::string> names(const YAML::Node& section, const char* key) {
  return value_or<std::vector<std::string>>(section, key, {});
}

std::string priorities(const YAML::Node& tls) {
  TlsChoice choice;
  choice.min_version = value_or(tls, "min_version", choice.min_version);
  choice.max_version = value_or(tls, "max_version", choice.max_version);
  choice.suites = names(tls, "cipher_suites");
  choice.curves = names(tls, "curve_preferences");
  choice.prefer_server_suites = value_or(tls, "prefer_server_cipher_suites", true);
  check_name(tls["min_version"], choice.min_version, tls_version, known_tls_versions());
  check_name(tls["max_version"], choice.max_version, tls_version, known_tls_versions());
  for (const std::string& suite : choice.suites) {
    check_name(tls["cipher_suites"], suite, tls_suite, known_tls_suites());
  }
  for (const std::string& curve : choice.curves) {
    check_name(tls["curve_preferences"], curve, tls_curve, known_tls_curves());
  }
  std::string text = tls_priorities(choice);
  if (text.empty()) {
    refuse(tls, "no version is left from min_version " + choice.min_version + " to max_version " +
                    choice.max_version);
  }
  return text;
}

ClientCertificate client_certificate(const YAML::Node& tls) {
  const auto name = value_or<std::string>(tls, "client_auth_type", "NoClientCert");
  const auto found = std::ranges::find(
      kClientCertificates, name, [](const auto& entry) { return std::string_view(entry.first); });
  if (found != kClientCertificates.end()) return found->second;
  std::string known;
  for (const auto& [text, value] : kClientCertificates) add_to_list(known, text);
  refuse(tls["client_auth_type"], quoted(name) + " is none of " + known);
}

void check_authorities(const YAML::Node& tls, const ParsedTls& read) {
  if (is_verified(read.client) && !read.client_ca.is_given()) {
    refuse(
        tls,
        "clients cannot be verified without client_ca_file: the authorities that vouch for them");
  }
  if (!is_verified(read.client) && read.client_ca.is_given()) {
    refuse(tls,
           "client_ca_file is given, and client_auth_type verifies nobody: clients are verified "
           "with RequireAndVerifyClientCert");
  }
}

// A name that no authority vouches for is worth nothing: anybody can write it into a certificate.
void check_client_names(const YAML::Node& tls, const ParsedTls& read) {
  const YAML::Node node = tls["client_allowed_sans"];
  if (!node || node.IsNull()) return;
  if (read.client != ClientCertificate::RequireAndVerifyClientCert) {
    refuse(node,
           "client_allowed_sans needs client_auth_type RequireAndVerifyClientCert and "
           "client_ca_file: without them anybody can make a certificate with these names");
  }
  if (read.client_names.empty()) {
    refuse(node,
           "client_allowed_sans is empty, and would let nobody in: name one, or leave it out");
  }
  if (std::ranges::any_of(read.client_names,
                          [](const std::string& name) { return name.empty(); })) {
    refuse(node, "client_allowed_sans has an empty name");
  }
}

ParsedTls tls_config(const YAML::Node& tls) {
  check_keys(tls, "tls_server_config",
             {"cert", "cert_file", "key", "key_file", "client_ca", "client_ca_file",
              "client_auth_type", "client_allowed_sans", "min_version", "max_version",
              "cipher_suites", "prefer_server_cipher_suites", "curve_preferences"});
  ParsedTls read{.certificate = pem(tls, "cert"),
                 .key = pem(tls, "key"),
                 .client_ca = pem(tls, "client_ca"),
                 .client = client_certificate(tls),
                 .client_names = names(tls, "client_allowed_sans"),
                 .priorities = priorities(tls),
                 .line = line_of(tls)};
  if (!read.certificate.is_given()) refuse(tls, "tls_server_config needs cert_file");
  if (!read.key.is_given()) refuse(tls, "tls_server_config needs key_file");
  check_authorities(tls, read);
  check_client_names(tls, read);
  return read;
}

std::map<std::string, std::string, std::less<>> users(const YAML::Node& section) {
  if (!section.IsMap()) refuse(section, "basic_auth_users is no map of names to bcrypt hashes");
  std::map<std::string, std::string, std::less<>> read;
  for (const auto& entry : section) {
    const auto name = entry.first.as<std::string>();
    const auto hash = entry.second.as<std::string>();
    if (name.find(':') != std::string::npos) {
      refuse(entry.first, "user name with a colon, which basic authentication cannot carry");
    }
    if (auto checked = check_hash(hash); !checked) {
      refuse(entry.second, "user " + quoted(name) + ": " + checked.error().text);
    }
    if (!read.emplace(name, hash).second) refuse(entry.first, "user " + quoted(name) + " twice");
  }
  return read;
}

std::vector<std::pair<std::string, std::string>> headers(const YAML::Node& http) {
  check_keys(http, "http_server_config", {"http2", "headers"});
  value_or(http, "http2", true);  // answers go out as HTTP/1.1 either way
  std::vector<std::pair<std::string, std::string>> read;
  const YAML::Node section = http["headers"];
  if (!section || section.IsNull()) return read;
  std::size_t bytes = 0;
  if (!section.IsMap()) refuse(section, "headers is no map of keys");
  for (const auto& entry : section) {
    const auto name = entry.first.as<std::string>();
    const auto value = entry.second.as<std::string>();
    if (std::ranges::find(kHeaders, name, [](const char* known) {
          return std::string_view(known);
        }) == kHeaders.end()) {
      refuse(entry.first, "header " + quoted(name) + " cannot be set");
    }
    if (std::ranges::any_of(value, [](unsigned char byte) { return byte < ' ' || byte == 0x7f; })) {
      refuse(entry.second, "header " + name + ": a control character");
    }
    bytes += name.size() + value.size();
    if (bytes > kMaxHeaderBytes) refuse(entry.second, "headers of more than 8 KiB");
    if (std::ranges::any_of(read, [&](const auto& other) { return other.first == name; })) {
      refuse(entry.first, "header " + name + " twice");
    }
    if (!value.empty()) read.emplace_back(name, value);
  }
  return read;
}

RateLimit rate_limit(const YAML::Node& section) {
  check_keys(section, "rate_limit", {"interval", "burst"});
  if (!section["interval"]) refuse(section, "rate_limit needs an interval, such as 1s");
  const auto burst = value_or<unsigned>(section, "burst", 1);
  if (burst == 0) refuse(section["burst"], "a burst of 0 would refuse every request");
  return {.interval = duration(section["interval"]), .burst = static_cast<double>(burst)};
}

ParsedWebConfig web_config(const YAML::Node& root) {
  ParsedWebConfig config;
  if (root.IsNull()) return config;  // an empty file asks for nothing
  check_keys(root, "the file",
             {"tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"});
  const auto has = [&root](const char* key) { return root[key] && !root[key].IsNull(); };
  if (has("tls_server_config")) config.tls = tls_config(root["tls_server_config"]);
  if (has("basic_auth_users")) config.users = users(root["basic_auth_users"]);
  if (has("http_server_config")) config.headers = headers(root["http_server_config"]);
  if (has("rate_limit")) config.rate_limit = rate_limit(root["rate_limit"]);
  return config;
}

// Notes where documents begin, and nothing of what is in them.
class DocumentStarts : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { latest_ = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnScalar(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {}
  void OnSequenceStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/,
                       YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {}
  void OnMapEnd() override {}

  [[nodiscard]] const YAML::Mark& latest() const { return latest_; }

 private:
  YAML::Mark latest_;
};

// Not by YAML::LoadAll(): of some bytes that are no YAML it makes documents until memory is full.
void check_one_document(const std::string& yaml) {
  std::istringstream input(yaml);
  YAML::Parser parser(input);
  DocumentStarts starts;
  if (parser.HandleNextDocument(starts) && parser.HandleNextDocument(starts)) {
    throw YAML::ParserException(starts.latest(),
                                "a second document, which would not be read: keep one of them");
  }
}

}  // namespace

// Its library throws of its own accord, and not only exceptions of its own.
Result<ParsedWebConfig> parse_web_config(std::string_view yaml) {
  if (yaml.size() > kMaxConfigBytes) {
    return std::unexpected(Error{"it is larger than 256 KiB"});
  }
  try {
    const std::string text(yaml);
    check_one_document(text);
    return web_config(YAML::Load(text));
  } catch (const YAML::Exception& error) {
    const std::string line =
        error.mark.is_null() ? "" : "line " + std::to_string(error.mark.line + 1) + ": ";
    return error_of(line + error.msg);
  } catch (const std::exception& error) {
    return error_of(std::string("it cannot be read: ") + error.what());
  }
}

}  // namespace fusescope

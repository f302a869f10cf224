// SPDX-License-Identifier: Apache-2.0
#include "agent/web/web_config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>

#include "agent/base/unique_fd.h"
#include "agent/web/certificates.h"
#include "agent/web/passwords.h"
#include "agent/web/tls_names.h"

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

constexpr std::array kDurationUnits = {
    std::pair{"ms", std::chrono::nanoseconds(std::chrono::milliseconds(1))},
    std::pair{"s", std::chrono::nanoseconds(std::chrono::seconds(1))},
    std::pair{"m", std::chrono::nanoseconds(std::chrono::minutes(1))},
    std::pair{"h", std::chrono::nanoseconds(std::chrono::hours(1))},
};

// What is wrong, and in which line; caught by load_web_config() alone.
[[noreturn]] void refuse(const YAML::Node& node, const std::string& reason) {
  throw YAML::Exception(node.Mark(), reason);
}

constexpr std::size_t kMaxFileBytes = 1 << 20;

// Where the files that the config names are, and how they are read.
struct Source {
  std::filesystem::path folder;
  const ReadFile& read;
};

void check_keys(const YAML::Node& section, std::string_view name,
                std::initializer_list<std::string_view> known) {
  if (!section.IsMap()) refuse(section, std::string(name) + " is no map of keys");
  for (const auto& entry : section) {
    const auto key = entry.first.as<std::string>();
    if (std::ranges::find(known, key) == known.end()) {
      refuse(entry.first, "unknown key '" + key + "' in " + std::string(name));
    }
  }
}

template <class T>
T value_or(const YAML::Node& section, const char* key, T otherwise) {
  const YAML::Node node = section[key];
  if (!node || node.IsNull()) return otherwise;
  try {
    return node.as<T>();
  } catch (const YAML::BadConversion&) {
    refuse(node, std::string(key) + " has a value of the wrong kind");
  }
}

// A PEM text that stands under `key`, or in the file under `key`_file.
std::string pem(const YAML::Node& tls, const std::string& key, const Source& source,
                WebConfig& config) {
  const auto text = value_or<std::string>(tls, key.c_str(), "");
  const auto name = value_or<std::string>(tls, (key + "_file").c_str(), "");
  if (!text.empty() && !name.empty()) {
    refuse(tls[key], key + " and " + key + "_file are both given: keep one of them");
  }
  if (name.empty()) return text;
  config.files.push_back(source.folder / name);
  auto read = source.read(config.files.back());
  if (!read) refuse(tls[key + "_file"], read.error().text);
  return std::move(*read);
}

void check_name(const YAML::Node& node, const std::string& name,
                std::optional<std::string_view> (*find)(std::string_view),
                const std::string& known) {
  if (!find(name)) refuse(node, "'" + name + "' is none of " + known);
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

ClientCertificate client_certificate(const YAML::Node& tls, const TlsConfig& config) {
  const auto name = value_or<std::string>(tls, "client_auth_type", "NoClientCert");
  const auto found = std::ranges::find(
      kClientCertificates, name, [](const auto& entry) { return std::string_view(entry.first); });
  if (found == kClientCertificates.end()) {
    std::string known;
    for (const auto& [text, value] : kClientCertificates) {
      known += (known.empty() ? "" : ", ") + std::string(text);
    }
    refuse(tls["client_auth_type"], "'" + name + "' is none of " + known);
  }
  const ClientCertificate client = found->second;
  const bool verifies = client == ClientCertificate::VerifyClientCertIfGiven ||
                        client == ClientCertificate::RequireAndVerifyClientCert;
  const bool requires_one = client == ClientCertificate::RequireAnyClientCert ||
                            client == ClientCertificate::RequireAndVerifyClientCert;
  if (verifies && config.client_ca.empty()) {
    refuse(tls, name + " needs client_ca_file: the authorities that clients are verified against");
  }
  if (!config.client_ca.empty() && !verifies) {
    refuse(tls, "client_ca_file is given, and client_auth_type is " + name +
                    ": clients are verified with RequireAndVerifyClientCert");
  }
  if (!config.client_names.empty() && !requires_one) {
    refuse(tls, "client_allowed_sans needs client_auth_type RequireAndVerifyClientCert");
  }
  return client;
}

TlsConfig tls_config(const YAML::Node& tls, const Source& source, WebConfig& config) {
  check_keys(tls, "tls_server_config",
             {"cert", "cert_file", "key", "key_file", "client_ca", "client_ca_file",
              "client_auth_type", "client_allowed_sans", "min_version", "max_version",
              "cipher_suites", "prefer_server_cipher_suites", "curve_preferences"});
  TlsConfig read;
  read.certificate = pem(tls, "cert", source, config);
  read.key = pem(tls, "key", source, config);
  read.client_ca = pem(tls, "client_ca", source, config);
  if (read.certificate.empty()) refuse(tls, "tls_server_config needs cert_file");
  if (read.key.empty()) refuse(tls, "tls_server_config needs key_file");
  read.client_names = names(tls, "client_allowed_sans");
  read.client = client_certificate(tls, read);
  read.priorities = priorities(tls);
  if (auto checked = check_certificates(read); !checked) refuse(tls, checked.error().text);
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
      refuse(entry.second, "user '" + name + "': " + checked.error().text);
    }
    if (!read.emplace(name, hash).second) refuse(entry.first, "user '" + name + "' twice");
  }
  return read;
}

std::vector<std::pair<std::string, std::string>> headers(const YAML::Node& http) {
  check_keys(http, "http_server_config", {"http2", "headers"});
  value_or(http, "http2", true);  // answers go out as HTTP/1.1 either way
  std::vector<std::pair<std::string, std::string>> read;
  const YAML::Node section = http["headers"];
  if (!section || section.IsNull()) return read;
  if (!section.IsMap()) refuse(section, "headers is no map of keys");
  for (const auto& entry : section) {
    const auto name = entry.first.as<std::string>();
    const auto value = entry.second.as<std::string>();
    if (std::ranges::find(kHeaders, name, [](const char* known) {
          return std::string_view(known);
        }) == kHeaders.end()) {
      refuse(entry.first, "header '" + name + "' cannot be set");
    }
    if (std::ranges::any_of(value, [](unsigned char byte) { return byte < ' ' || byte == 0x7f; })) {
      refuse(entry.second, "header " + name + ": a control character");
    }
    if (!value.empty()) read.emplace_back(name, value);
  }
  return read;
}

// "1s", "100ms" or "1m30s"; "0" without a unit.
std::chrono::nanoseconds duration(const YAML::Node& node) {
  const auto text = node.as<std::string>();
  const auto bad = [&] { refuse(node, "'" + text + "' is no duration such as 100ms or 1m30s"); };
  std::chrono::nanoseconds total{0};
  if (text == "0") return total;
  const char* at = text.data();
  const char* const end = at + text.size();
  if (at == end) bad();
  while (at != end) {
    unsigned number = 0;
    const auto [stop, error] = std::from_chars(at, end, number);
    if (error != std::errc() || number > 1'000'000) bad();
    const std::string_view rest(stop, static_cast<std::size_t>(end - stop));
    const std::string_view unit = rest.substr(0, rest.find_first_of("0123456789"));
    const auto found = std::ranges::find(
        kDurationUnits, unit, [](const auto& entry) { return std::string_view(entry.first); });
    if (found == kDurationUnits.end()) bad();
    total += number * found->second;
    at = stop + unit.size();
  }
  return total;
}

RateLimit rate_limit(const YAML::Node& section) {
  check_keys(section, "rate_limit", {"interval", "burst"});
  if (!section["interval"]) refuse(section, "rate_limit needs an interval, such as 1s");
  const auto burst = value_or<unsigned>(section, "burst", 1);
  if (burst == 0) refuse(section["burst"], "a burst of 0 would refuse every request");
  return {.interval = duration(section["interval"]), .burst = static_cast<double>(burst)};
}

WebConfig web_config(const YAML::Node& root, const std::filesystem::path& file,
                     const ReadFile& read) {
  WebConfig config;
  config.files.push_back(file);
  if (root.IsNull()) return config;  // an empty file asks for nothing
  check_keys(root, "the file",
             {"tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"});
  const auto has = [&root](const char* key) { return root[key] && !root[key].IsNull(); };
  if (has("tls_server_config")) {
    config.tls = tls_config(root["tls_server_config"], {file.parent_path(), read}, config);
  }
  if (has("basic_auth_users")) config.users = users(root["basic_auth_users"]);
  if (has("http_server_config")) config.headers = headers(root["http_server_config"]);
  if (has("rate_limit")) config.rate_limit = rate_limit(root["rate_limit"]);
  return config;
}

}  // namespace

// A pipe or a device without end must not hang the agent.
Result<std::string> read_config_file(const std::filesystem::path& path) {
  const auto failed = [&](int error) {
    return std::unexpected(
        errno_error("read " + path.string(), error,
                    "give a file that the user whom the agent runs as may read"));
  };
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file) return failed(errno);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return failed(errno);
  if (!S_ISREG(status.st_mode)) {
    return std::unexpected(Error{"read " + path.string() + ": it is no regular file"});
  }
  std::string text(kMaxFileBytes + 1, '\0');
  const ssize_t bytes = ::read(file.get(), text.data(), text.size());
  if (bytes < 0) return failed(errno);
  if (std::cmp_greater(bytes, kMaxFileBytes)) {
    return std::unexpected(Error{"read " + path.string() + ": it is larger than 1 MiB"});
  }
  text.resize(static_cast<std::size_t>(bytes));
  return text;
}

Result<WebConfig> load_web_config(const std::filesystem::path& file, const ReadFile& read) {
  const std::string what = "web config " + file.string();
  const auto text = read(file);
  if (!text) return std::unexpected(Error{"web config: " + text.error().text});
  try {
    return web_config(YAML::Load(*text), file, read);
  } catch (const YAML::Exception& error) {
    const std::string line =
        error.mark.is_null() ? "" : ": line " + std::to_string(error.mark.line + 1);
    return std::unexpected(Error{what + line + ": " + error.msg});
  }
}

// The stamps are taken first: what changes while it is read is read again.
Result<WebConfig> WebConfigFile::load() {
  stamps_[file_];
  for (auto& [file, stamp] : stamps_) stamp = stamp_of(file);
  auto config = load_web_config(file_, read_);
  error_ = config ? "" : config.error().text;
  if (!config) return config;
  std::map<std::filesystem::path, Stamp> stamps;
  for (const auto& file : config->files) {
    const auto known = stamps_.find(file);
    stamps[file] = known == stamps_.end() ? stamp_of(file) : known->second;
  }
  stamps_ = std::move(stamps);
  return config;
}

// After an error it is tried each time: what was missing may be there by now.
std::optional<Result<WebConfig>> WebConfigFile::renewed() {
  if (error_.empty() && !has_changed()) return std::nullopt;
  const std::string error_before = error_;
  auto config = load();
  if (!config && error_ == error_before) return std::nullopt;
  return config;
}

bool WebConfigFile::has_changed() const {
  return std::ranges::any_of(
      stamps_, [](const auto& entry) { return stamp_of(entry.first) != entry.second; });
}

WebConfigFile::Stamp WebConfigFile::stamp_of(const std::filesystem::path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return {};
  return {.inode = status.st_ino,
          .bytes = status.st_size,
          .nanoseconds = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
}

}  // namespace fusescope

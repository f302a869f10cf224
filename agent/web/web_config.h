// SPDX-License-Identifier: Apache-2.0
// The file of --web.config.file, in the format that Prometheus exporters share (exporter-toolkit).
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/error.h"
#include "agent/web/watched_file.h"

namespace fusescope {

// What a client must show of itself; named as in the file, and as in Go's crypto/tls.
enum class ClientCertificate {
  NoClientCert,
  RequestClientCert,
  RequireAnyClientCert,
  VerifyClientCertIfGiven,
  RequireAndVerifyClientCert,
};

// Whether authorities must vouch for the certificate, if the client has one.
constexpr bool is_verified(ClientCertificate client) {
  return client == ClientCertificate::VerifyClientCertIfGiven ||
         client == ClientCertificate::RequireAndVerifyClientCert;
}

struct TlsConfig {
  std::string certificate = {};  // PEM, with those of intermediate authorities
  std::string key = {};          // PEM
  std::string client_ca = {};    // PEM; empty: none
  ClientCertificate client = ClientCertificate::NoClientCert;
  // A client's certificate must have one of them; none: it may have any.
  std::vector<std::string> client_names = {};
  std::string priorities = {};  // versions, ciphers and curves, as GnuTLS writes them
};

// A request each `interval`, and `burst` of them at once, for each client. Interval 0: no limit.
struct RateLimit {
  std::chrono::nanoseconds interval{0};
  double burst = 0;
  bool operator==(const RateLimit&) const = default;
};

struct WebConfig {
  std::optional<TlsConfig> tls = {};                              // none: plain HTTP
  std::map<std::string, std::string, std::less<>> users = {};     // bcrypt hashes by name
  std::vector<std::pair<std::string, std::string>> headers = {};  // of each response
  std::optional<RateLimit> rate_limit = {};                       // none: that of the server
};

// The text of a file of at most so many bytes.
using ReadFile =
    std::function<Result<std::string>(const std::filesystem::path& path, std::size_t max_bytes)>;

// A web config with the files that it names, relative to its own directory, each read by `read`.
// Unknown keys, hashes that are no bcrypt, and certificates that do not fit are refused; the error
// names the file, the line and the way out, and never quotes a secret.
Result<WebConfig> load_web_config(const std::filesystem::path& file, const ReadFile& read);

// The same of the files as they are now. What was renewed is taken up without a restart.
class WebConfigFile {
 public:
  // `note` is told of each file that is read.
  using Note = std::function<void(const std::filesystem::path&, const Result<std::string>&)>;
  explicit WebConfigFile(
      std::filesystem::path file, Note note = [](const auto&, const auto&) {})
      : file_(std::move(file)), note_(std::move(note)) {}

  Result<WebConfig> load();

  // load(), if what is in one of the files has changed since; nothing otherwise: what is damaged is
  // tried once, and told once.
  std::optional<Result<WebConfig>> renewed();

 private:
  std::filesystem::path file_;
  Note note_;
  std::vector<WatchedFile> read_;  // by the last load(), up to the first that could not be had
};

}  // namespace fusescope

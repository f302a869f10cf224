// SPDX-License-Identifier: Apache-2.0
// The file of --web.config.file, in the format that Prometheus exporters share (exporter-toolkit).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/error.h"

namespace fusescope {

// What a client must show of itself; named as in the file, and as in Go's crypto/tls.
enum class ClientCertificate {
  NoClientCert,
  RequestClientCert,
  RequireAnyClientCert,
  VerifyClientCertIfGiven,
  RequireAndVerifyClientCert,
};

struct TlsConfig {
  std::string certificate;  // PEM, with those of intermediate authorities
  std::string key;          // PEM
  std::string client_ca;    // PEM; empty: none
  ClientCertificate client = ClientCertificate::NoClientCert;
  std::vector<std::string> client_names;  // of which a client's certificate must have one, or none
  std::string priorities;                 // versions, ciphers and curves, as GnuTLS writes them
};

// A request each `interval`, and `burst` of them at once, for each client. Interval 0: no limit.
struct RateLimit {
  std::chrono::nanoseconds interval{0};
  double burst = 0;
};

struct WebConfig {
  std::optional<TlsConfig> tls = {};                              // none: plain HTTP
  std::map<std::string, std::string, std::less<>> users = {};     // bcrypt hashes by name
  std::vector<std::pair<std::string, std::string>> headers = {};  // of each response
  std::optional<RateLimit> rate_limit = {};                       // none: that of the server
  std::vector<std::filesystem::path> files = {};  // it was read from these: certificates too
};

// Reads a file whole. The default is read_config_file().
using ReadFile = std::function<Result<std::string>(const std::filesystem::path&)>;

// A regular file of 1 MiB at most.
Result<std::string> read_config_file(const std::filesystem::path& path);

// Reads the file and those that it names, relative to its own folder. Unknown keys, hashes that are
// no bcrypt, and certificates that do not fit are refused; the error names the file, the line and
// the way out, and never quotes a secret.
Result<WebConfig> load_web_config(const std::filesystem::path& file,
                                  const ReadFile& read = read_config_file);

// The file, and whether it has changed since: a certificate that was renewed is taken up without a
// restart.
class WebConfigFile {
 public:
  explicit WebConfigFile(std::filesystem::path file, ReadFile read = read_config_file)
      : file_(std::move(file)), read_(std::move(read)) {}

  // As load_web_config().
  Result<WebConfig> load();

  // What it is now, if one of the files that were read has changed since, by inode, size or time.
  // Nothing if all is as before: an error too is told once.
  std::optional<Result<WebConfig>> renewed();

 private:
  struct Stamp {
    std::uint64_t inode = 0;
    std::int64_t bytes = -1;
    std::int64_t nanoseconds = 0;  // of the last change
    bool operator==(const Stamp&) const = default;
  };
  static Stamp stamp_of(const std::filesystem::path& file);
  [[nodiscard]] bool has_changed() const;

  std::filesystem::path file_;
  ReadFile read_;
  std::string error_;  // of the last load(); empty: none
  std::map<std::filesystem::path, Stamp> stamps_;
};

}  // namespace fusescope

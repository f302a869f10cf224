// SPDX-License-Identifier: Apache-2.0
#include "agent/web/web_config.h"

#include <algorithm>
#include <utility>

#include "agent/web/certificates.h"
#include "agent/web/parse_web_config.h"

namespace fusescope {
namespace {

constexpr std::size_t kMaxPemBytes = 1 << 20;

std::unexpected<Error> at_line(int line, const std::string& reason) {
  return std::unexpected(Error{"line " + std::to_string(line) + ": " + reason});
}

// Reads what a config names.
class PemFiles {
 public:
  PemFiles(std::filesystem::path directory, const ReadFile& read)
      : directory_(std::move(directory)), read_(read) {}

  [[nodiscard]] Result<TlsConfig> tls(const ParsedTls& parsed) const {
    TlsConfig tls{.client = parsed.client,
                  .client_names = parsed.client_names,
                  .priorities = parsed.priorities};
    for (const auto& [source, text] :
         {std::pair{&parsed.certificate, &tls.certificate}, std::pair{&parsed.key, &tls.key},
          std::pair{&parsed.client_ca, &tls.client_ca}}) {
      auto read = pem(*source);
      if (!read) return std::unexpected(read.error());
      *text = std::move(*read);
    }
    if (auto checked = check_certificates(tls); !checked) {
      return at_line(parsed.line, checked.error().text);
    }
    return tls;
  }

 private:
  [[nodiscard]] Result<std::string> pem(const PemSource& source) const {
    if (source.file.empty()) return source.text;
    const auto path = directory_ / source.file;
    auto text = read_(path, kMaxPemBytes);
    if (!text) return at_line(source.line, text.error().text);
    if (text->empty()) return at_line(source.line, "read " + path.string() + ": it is empty");
    return text;
  }

  const std::filesystem::path directory_;
  const ReadFile& read_;
};

}  // namespace

Result<WebConfig> load_web_config(const std::filesystem::path& file, const ReadFile& read) {
  const auto text = read(file, kMaxConfigBytes);
  if (!text) return std::unexpected(Error{"web config: " + text.error().text});
  const auto refused = [&](const Error& error) {
    return std::unexpected(Error{"web config " + file.string() + ": " + error.text});
  };
  auto parsed = parse_web_config(*text);
  if (!parsed) return refused(parsed.error());
  WebConfig config{.users = std::move(parsed->users),
                   .headers = std::move(parsed->headers),
                   .rate_limit = parsed->rate_limit};
  if (parsed->tls) {
    auto tls = PemFiles(file.parent_path(), read).tls(*parsed->tls);
    if (!tls) return refused(tls.error());
    config.tls = std::move(*tls);
  }
  return config;
}

Result<WebConfig> WebConfigFile::load() {
  read_.clear();
  return load_web_config(file_, [this](const std::filesystem::path& path, std::size_t max_bytes) {
    auto text = read_.emplace_back(path, max_bytes).read();
    note_(path, text);
    return text;
  });
}

std::optional<Result<WebConfig>> WebConfigFile::renewed() {
  if (std::ranges::none_of(read_, &WatchedFile::has_changed)) return std::nullopt;
  return load();
}

}  // namespace fusescope

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

}  // namespace

Result<WebConfig> WebConfigFile::load() {
  read_.clear();
  const auto text = read_.emplace_back(file_, kMaxConfigBytes).read();
  if (!text) return std::unexpected(Error{"web config: " + text.error().text});
  const auto refused = [this](const Error& error) {
    return std::unexpected(Error{"web config " + file_.string() + ": " + error.text});
  };
  auto parsed = parse_web_config(*text);
  if (!parsed) return refused(parsed.error());
  WebConfig config{.users = std::move(parsed->users),
                   .headers = std::move(parsed->headers),
                   .rate_limit = parsed->rate_limit};
  if (parsed->tls) {
    auto tls = read_tls(*parsed->tls);
    if (!tls) return refused(tls.error());
    config.tls = std::move(*tls);
  }
  return config;
}

std::optional<Result<WebConfig>> WebConfigFile::renewed() {
  if (std::ranges::none_of(read_, &WatchedFile::has_changed)) return std::nullopt;
  return load();
}

Result<TlsConfig> WebConfigFile::read_tls(const ParsedTls& parsed) {
  TlsConfig tls{.client = parsed.client,
                .client_names = parsed.client_names,
                .priorities = parsed.priorities};
  for (const auto& [source, text] :
       {std::pair{&parsed.certificate, &tls.certificate}, std::pair{&parsed.key, &tls.key},
        std::pair{&parsed.client_ca, &tls.client_ca}}) {
    auto read = read_pem(*source);
    if (!read) return std::unexpected(read.error());
    *text = std::move(*read);
  }
  if (auto checked = check_certificates(tls); !checked) {
    return at_line(parsed.line, checked.error().text);
  }
  return tls;
}

Result<std::string> WebConfigFile::read_pem(const PemSource& source) {
  if (source.file.empty()) return source.text;
  const auto path = file_.parent_path() / source.file;
  auto text = read_.emplace_back(path, kMaxPemBytes).read();
  if (!text) return at_line(source.line, text.error().text);
  if (text->empty()) return at_line(source.line, "read " + path.string() + ": it is empty");
  return text;
}

}  // namespace fusescope

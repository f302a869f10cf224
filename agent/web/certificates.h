// SPDX-License-Identifier: Apache-2.0
// What GnuTLS is asked: whether certificates fit, and who a client is.
#pragma once

#include <gnutls/gnutls.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/error.h"
#include "agent/web/web_config.h"

namespace fusescope {

// Whether the certificate and its key belong together, and everything can be read. The error names
// the part, and the way out. Gives back all memory, also where something is damaged.
Result<void> check_certificates(const TlsConfig& config);

// Whether a certificate, in DER, has one of the names: a DNS name, address of mail, IP address or
// URI, in full and in the same letter case, as the exporters of Prometheus compare them. False if
// it cannot be read.
bool has_one_of_names(std::string_view certificate, const std::vector<std::string>& names);

// Whom a TLS server lets in. Must outlive the sessions that it is given.
class ClientPolicy {
 public:
  // Told why a client is refused, in one line.
  using Log = std::function<void(std::string)>;

  ClientPolicy(const TlsConfig& config, Log log) : config_(config), log_(std::move(log)) {}

  // Makes a handshake that is about to begin ask for the client's certificate, and end unless it is
  // one that the config accepts.
  void apply_to(gnutls_session_t session) const;

 private:
  static int verify(gnutls_session_t session);
  [[nodiscard]] std::string objection_to(gnutls_session_t session) const;

  const TlsConfig& config_;
  Log log_;
};

}  // namespace fusescope

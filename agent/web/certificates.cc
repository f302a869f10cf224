// SPDX-License-Identifier: Apache-2.0
#include "agent/web/certificates.h"

#include <arpa/inet.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace fusescope {
namespace {

using Credentials = std::unique_ptr<std::remove_pointer_t<gnutls_certificate_credentials_t>,
                                    decltype(&gnutls_certificate_free_credentials)>;
using Certificate =
    std::unique_ptr<std::remove_pointer_t<gnutls_x509_crt_t>, decltype(&gnutls_x509_crt_deinit)>;
using PrivateKey =
    std::unique_ptr<std::remove_pointer_t<gnutls_privkey_t>, decltype(&gnutls_privkey_deinit)>;

constexpr std::array kKindsOfNames = {GNUTLS_SAN_DNSNAME, GNUTLS_SAN_RFC822NAME,
                                      GNUTLS_SAN_IPADDRESS, GNUTLS_SAN_URI};
constexpr unsigned kMaxNames = 1024;  // of one certificate

// GnuTLS does not write to it, though the parameter is not const.
gnutls_datum_t datum(std::string_view text) {
  return {reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())),
          static_cast<unsigned>(text.size())};
}

std::unexpected<Error> failure(const std::string& what, int code, const std::string& advice) {
  return std::unexpected(Error{what + ": " + gnutls_strerror(code) + ": " + advice});
}

Credentials new_credentials() {
  gnutls_certificate_credentials_t made = nullptr;
  gnutls_certificate_allocate_credentials(&made);
  return {made, gnutls_certificate_free_credentials};
}

// An IP address of a certificate comes as bytes.
std::string name_text(unsigned type, std::string_view name) {
  if (type != GNUTLS_SAN_IPADDRESS) return std::string(name);
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = name.size() == sizeof(in_addr) ? AF_INET : AF_INET6;
  if (family == AF_INET6 && name.size() != sizeof(in6_addr)) return "";
  return ::inet_ntop(family, name.data(), text.data(), text.size()) ? text.data() : "";
}

bool has_one_of(gnutls_x509_crt_t certificate, const std::vector<std::string>& allowed) {
  for (unsigned index = 0; index < kMaxNames; ++index) {
    std::array<char, 1024> name{};
    std::size_t size = name.size();
    const int type =
        gnutls_x509_crt_get_subject_alt_name(certificate, index, name.data(), &size, nullptr);
    if (type == GNUTLS_E_SHORT_MEMORY_BUFFER) continue;  // longer than any name that is allowed
    if (type < 0) return false;                          // there are no more
    if (std::ranges::find(kKindsOfNames, type) == kKindsOfNames.end()) continue;
    const auto text = name_text(static_cast<unsigned>(type), {name.data(), size});
    if (!text.empty() && std::ranges::find(allowed, text) != allowed.end()) return true;
  }
  return false;
}

// The certificates of a PEM text are read and given back; other than 0: an error of GnuTLS. It is
// asked before the key is given to it: gnutls_certificate_set_x509_key_mem() of 3.7 reads the key
// first, and loses it where the certificate is damaged.
int import_certificates(const std::string& pem) {
  gnutls_x509_crt_t* list = nullptr;
  unsigned count = 0;
  const gnutls_datum_t text = datum(pem);
  const int code = gnutls_x509_crt_list_import2(&list, &count, &text, GNUTLS_X509_FMT_PEM, 0);
  if (code < 0) return code;
  for (unsigned index = 0; index < count; ++index) gnutls_x509_crt_deinit(list[index]);
  gnutls_free(list);
  return 0;
}

int import_key(const std::string& pem) {
  gnutls_privkey_t made = nullptr;
  if (const int code = gnutls_privkey_init(&made); code < 0) return code;
  const PrivateKey key(made, gnutls_privkey_deinit);
  const gnutls_datum_t text = datum(pem);
  return gnutls_privkey_import_x509_raw(made, &text, GNUTLS_X509_FMT_PEM, nullptr, 0);
}

// Why the authorities do not vouch for it as a client's; empty: they do.
std::string objection_of_authorities(gnutls_session_t session) {
  std::array purpose = {gnutls_typed_vdata_st{
      GNUTLS_DT_KEY_PURPOSE_OID,
      reinterpret_cast<unsigned char*>(const_cast<char*>(GNUTLS_KP_TLS_WWW_CLIENT)), 0}};
  unsigned status = 0;
  const int code =
      gnutls_certificate_verify_peers(session, purpose.data(), purpose.size(), &status);
  if (code < 0) return gnutls_strerror(code);
  if (status == 0) return "";
  gnutls_datum_t text{};
  if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) < 0) {
    return "it is not valid";
  }
  std::string reason(reinterpret_cast<const char*>(text.data));
  gnutls_free(text.data);
  reason.erase(reason.find_last_not_of(" .") + 1);
  return reason;
}

}  // namespace

Result<void> check_certificates(const TlsConfig& config) {
  if (const int code = import_certificates(config.certificate); code < 0) {
    return failure("certificate", code, "give cert_file in PEM");
  }
  if (const int code = import_key(config.key); code < 0) {
    return failure("key", code, "give key_file in PEM, not encrypted");
  }
  const Credentials credentials = new_credentials();
  const gnutls_datum_t certificate = datum(config.certificate);
  const gnutls_datum_t key = datum(config.key);
  if (const int code = gnutls_certificate_set_x509_key_mem(credentials.get(), &certificate, &key,
                                                           GNUTLS_X509_FMT_PEM);
      code < 0) {
    return failure("certificate and key", code, "give cert_file and key_file that belong together");
  }
  if (!config.client_ca.empty()) {
    const gnutls_datum_t authorities = datum(config.client_ca);
    const int code =
        gnutls_certificate_set_x509_trust_mem(credentials.get(), &authorities, GNUTLS_X509_FMT_PEM);
    if (code < 0) return failure("client_ca", code, "give the authorities in PEM");
    if (code == 0) return std::unexpected(Error{"client_ca: no certificate in it"});
  }
  gnutls_priority_t parsed = nullptr;
  if (const int code = gnutls_priority_init(&parsed, config.priorities.c_str(), nullptr);
      code < 0) {
    return failure("versions, cipher_suites and curve_preferences", code, "leave the last two out");
  }
  gnutls_priority_deinit(parsed);
  return {};
}

void ClientPolicy::apply_to(gnutls_session_t session) const {
  if (config_.client == ClientCertificate::NoClientCert) return;
  const bool may_have_none = config_.client == ClientCertificate::RequestClientCert ||
                             config_.client == ClientCertificate::VerifyClientCertIfGiven;
  gnutls_certificate_server_set_request(session,
                                        may_have_none ? GNUTLS_CERT_REQUEST : GNUTLS_CERT_REQUIRE);
  gnutls_session_set_ptr(session, const_cast<ClientPolicy*>(this));
  gnutls_session_set_verify_function(session, verify);
}

// Other than 0 ends the handshake. Not called for a client that has sent no certificate.
int ClientPolicy::verify(gnutls_session_t session) {
  const auto& self = *static_cast<const ClientPolicy*>(gnutls_session_get_ptr(session));
  const std::string objection = self.objection_to(session);
  if (objection.empty()) return 0;
  self.log_("client certificate refused: " + objection);
  return GNUTLS_E_CERTIFICATE_ERROR;
}

bool has_one_of_names(std::string_view certificate, const std::vector<std::string>& names) {
  gnutls_x509_crt_t made = nullptr;
  if (gnutls_x509_crt_init(&made) < 0) return false;
  const Certificate parsed(made, gnutls_x509_crt_deinit);
  const gnutls_datum_t bytes = datum(certificate);
  return gnutls_x509_crt_import(made, &bytes, GNUTLS_X509_FMT_DER) >= 0 && has_one_of(made, names);
}

std::string ClientPolicy::objection_to(gnutls_session_t session) const {
  if (is_verified(config_.client)) {
    if (auto objection = objection_of_authorities(session); !objection.empty()) return objection;
  }
  if (config_.client_names.empty()) return "";
  unsigned count = 0;
  const gnutls_datum_t* certificates = gnutls_certificate_get_peers(session, &count);
  const bool is_named =
      count > 0 &&
      has_one_of_names({reinterpret_cast<const char*>(certificates->data), certificates->size},
                       config_.client_names);
  return is_named ? "" : "it has none of the names in client_allowed_sans";
}

}  // namespace fusescope

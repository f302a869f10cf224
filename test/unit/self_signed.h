// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <ctime>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace fusescope {

// A key and a certificate that it signs itself, in PEM, for one run of the tests.
struct SelfSigned {
  std::string key;
  std::string certificate;
};

// Kind and bytes.
using SubjectNames = std::vector<std::pair<gnutls_x509_subject_alt_name_t, std::string>>;

inline SelfSigned make_self_signed(const SubjectNames& names = {},
                                   gnutls_x509_crt_fmt_t format = GNUTLS_X509_FMT_PEM) {
  const auto checked = [](int code) {
    if (code < 0) throw std::runtime_error(gnutls_strerror(code));
  };
  const auto text = [](gnutls_datum_t& datum) {
    std::string copy(reinterpret_cast<const char*>(datum.data), datum.size);
    gnutls_free(datum.data);
    return copy;
  };
  gnutls_x509_privkey_t key = nullptr;
  gnutls_x509_crt_t certificate = nullptr;
  checked(gnutls_x509_privkey_init(&key));
  checked(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                       GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
  checked(gnutls_x509_crt_init(&certificate));
  checked(gnutls_x509_crt_set_version(certificate, 3));
  checked(gnutls_x509_crt_set_serial(certificate, "\1", 1));
  checked(gnutls_x509_crt_set_activation_time(certificate, std::time(nullptr) - 60));
  checked(gnutls_x509_crt_set_expiration_time(certificate, std::time(nullptr) + 3600));
  checked(gnutls_x509_crt_set_key(certificate, key));
  for (const auto& [kind, name] : names) {
    checked(gnutls_x509_crt_set_subject_alt_name(
        certificate, kind, name.data(), static_cast<unsigned>(name.size()), GNUTLS_FSAN_APPEND));
  }
  checked(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0));
  gnutls_datum_t key_text{};
  gnutls_datum_t certificate_text{};
  checked(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &key_text));
  checked(gnutls_x509_crt_export2(certificate, format, &certificate_text));
  gnutls_x509_crt_deinit(certificate);
  gnutls_x509_privkey_deinit(key);
  return {text(key_text), text(certificate_text)};
}

// One with these names, in DER.
inline std::string make_certificate(const SubjectNames& names) {
  return make_self_signed(names, GNUTLS_X509_FMT_DER).certificate;
}

}  // namespace fusescope

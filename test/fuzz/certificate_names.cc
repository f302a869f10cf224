// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "agent/web/certificates.h"
#include "test/fuzz/fuzz.h"

namespace fusescope::fuzz {

// The DER of a certificate, as a client sends it.
void certificate_names(std::string_view bytes) {
  static const std::vector<std::string> allowed = {"prometheus.example", "192.0.2.1",
                                                   "2001:db8::1"};
  has_one_of_names(bytes, allowed);
  hold(!has_one_of_names(bytes, {}), "where no name is allowed, no certificate has one");
}

}  // namespace fusescope::fuzz

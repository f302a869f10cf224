// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "agent/base/error.h"

namespace fusescope {

// Whether the value of an Accept-Encoding header (RFC 9110, 12.5.3) lets the answer be gzip:
// "gzip", "x-gzip" or, when neither is named, "*", with a weight above zero. A weight that cannot
// be read counts as zero, since the plain answer is always understood. Several headers of that name
// are to be joined with commas first.
bool accepts_gzip(std::string_view accept_encoding);

// The bytes as one gzip member (RFC 1952). Fails only when memory runs out.
Result<std::string> gzip_compress(std::string_view bytes);

}  // namespace fusescope

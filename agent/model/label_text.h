// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace fusescope {

// Makes any bytes (a path is any bytes but NUL) into text fit for a Prometheus label, whose values
// must be UTF-8: valid UTF-8 is kept as it is, and each byte that is not part of it becomes `\xNN`,
// as does NUL. Overlong forms, surrogates and code points above U+10FFFF are not valid.
//
// Nothing else is changed: quotes, backslashes and newlines are escaped by whoever writes the
// exposition format. A name that itself contains the characters `\xff` therefore looks the same as
// one with that byte. Never fails.
std::string to_label(std::string_view bytes);

}  // namespace fusescope

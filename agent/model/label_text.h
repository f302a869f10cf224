// SPDX-License-Identifier: Apache-2.0
// Text made of names that others choose: paths, types, commands are any bytes but NUL, and of any
// length. Whatever writes such a name takes it from here. Nothing here fails.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fusescope {

// UTF-8: each byte that is not part of a character becomes `\xNN`. For JSON, see escaped_json().
std::string to_utf8(std::string_view bytes);

// The same for a terminal and for labels: without what a terminal obeys, and what hides other text.
// Each byte of a control character (C0, DEL, C1), of a separator of lines and paragraphs (U+2028,
// U+2029) and of a mark that turns the direction of writing becomes `\xNN` too. The rest stays as
// it is, also quotes and backslashes, which are escaped by who writes a format that needs it: a
// name that itself contains the characters `\xff` looks the same as one with that byte.
std::string printable(std::string_view bytes);

// The most bytes that a label has: a user who may mount chooses it, and each of the series of that
// mount has it.
constexpr std::size_t kLabelBytes = 256;

// The text that names a mount, the same wherever it is shown: printable, and at most kLabelBytes
// long. What is longer is cut between two characters or escapes, and goes on with "..." and a hash
// of all its bytes in 16 digits: long names that differ have labels that differ, which stay the
// same when the agent is started again. A label is its own label.
//
// `end`, which is shorter than kLabelBytes / 2, stands behind it and is never cut.
std::string to_label(std::string_view bytes, std::string_view end = "");

// JSON text, with each character that printable() replaces as `\uNNNN`. Expects valid UTF-8.
std::string escaped_json(std::string_view json);

}  // namespace fusescope

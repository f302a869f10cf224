// SPDX-License-Identifier: Apache-2.0
// Whether text is what a reader outside takes it for. Nothing here is the agent's own code.
#pragma once

#include <string_view>

namespace fusescope::fuzz {

// Well-formed: no overlong forms, surrogates, or code points above U+10FFFF.
bool is_utf8(std::string_view text);

// Of ASCII, and U+0080 to U+009F; newlines are none.
bool has_control_characters(std::string_view text);

// UTF-8, and nothing that a terminal would obey: what goes to people.
void hold_for_terminal(std::string_view text);

// One JSON value on each line, in UTF-8 without control characters.
void hold_json_lines(std::string_view text);

// The text exposition format of Prometheus, version 0.0.4, in UTF-8 without control characters.
void hold_exposition(std::string_view text);

}  // namespace fusescope::fuzz

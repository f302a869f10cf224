// SPDX-License-Identifier: Apache-2.0
// How numbers and columns are written for a terminal. Texts are UTF-8 and printable: see
// model/label_text.h. Nothing here fails.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fusescope {

// As printf(3), of any length. Field widths count bytes: for columns of names take padded().
[[gnu::format(printf, 1, 2)]] std::string formatted(const char* pattern, ...);

// With so many digits behind the point.
std::string fixed(double value, int digits);

// The columns that a text takes on a terminal: one for each code point, as for all but East Asian
// and combining characters.
std::size_t width_of(std::string_view text);

// At most `width` columns of the beginning, or of the end, never a part of a character.
std::string first_columns(std::string_view text, std::size_t width);
std::string last_columns(std::string_view text, std::size_t width);

// Where the text stands in its column.
enum class Align { left, right };

// Filled up with blanks to `width` columns. What is longer stays as it is.
std::string padded(std::string_view text, std::size_t width, Align align = Align::left);

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
// How numbers and columns are written for a terminal. Texts are UTF-8 and printable: see
// model/label_text.h. Nothing here fails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fusescope {

// What stands in a table where nothing is known, or there is nothing to tell.
inline constexpr const char* kNone = "-";

// The text, or kNone for an empty one.
std::string or_none(const std::string& text);

// "3 ring_full, 1 inflight_full"; empty if there are none.
std::string counts_text(const std::vector<std::pair<std::string, std::uint64_t>>& counts);

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

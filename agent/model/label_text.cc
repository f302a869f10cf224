// SPDX-License-Identifier: Apache-2.0
#include "agent/model/label_text.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace fusescope {
namespace {

// One row of "Well-Formed UTF-8 Byte Sequences" (Unicode standard, table 3-7). Only the second byte
// has a range of its own: that is what keeps out overlong forms, surrogates and > U+10FFFF.
struct Sequence {
  std::uint8_t first_low, first_high;
  std::uint8_t second_low, second_high;
  std::size_t length;
};

constexpr std::array<Sequence, 9> kSequences{{
    {0x01, 0x7f, 0x00, 0x00, 1},  // NUL is valid UTF-8 too, but ends C strings on its way
    {0xc2, 0xdf, 0x80, 0xbf, 2},
    {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3},
    {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4},
    {0xf4, 0xf4, 0x80, 0x8f, 4},
}};

bool within(char byte, std::uint8_t low, std::uint8_t high) {
  const auto value = static_cast<std::uint8_t>(byte);
  return value >= low && value <= high;
}

bool matches(const Sequence& row, std::string_view bytes) {
  if (!within(bytes[0], row.first_low, row.first_high) || bytes.size() < row.length) return false;
  if (row.length > 1 && !within(bytes[1], row.second_low, row.second_high)) return false;
  for (std::size_t i = 2; i < row.length; ++i) {
    if (!within(bytes[i], 0x80, 0xbf)) return false;
  }
  return true;
}

// The length of the character at the start of `bytes`, which is not empty; 0 if it is not valid.
std::size_t character_length(std::string_view bytes) {
  for (const Sequence& row : kSequences) {
    if (matches(row, bytes)) return row.length;
  }
  return 0;
}

void append_escaped(std::string& text, char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto value = static_cast<std::uint8_t>(byte);
  text += "\\x";
  text += kDigits[value >> 4];
  text += kDigits[value & 0xf];
}

}  // namespace

std::string to_label(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = character_length(bytes);
    if (length == 0) {
      append_escaped(text, bytes[0]);
    } else {
      text += bytes.substr(0, length);
    }
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return text;
}

}  // namespace fusescope

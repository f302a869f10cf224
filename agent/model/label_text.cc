// SPDX-License-Identifier: Apache-2.0
#include "agent/model/label_text.h"

#include <algorithm>
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
    {0x00, 0x7f, 0x00, 0x00, 1},
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

// The code point of a valid character.
char32_t code_of(std::string_view character) {
  constexpr std::array<std::uint8_t, 5> kFirstBits = {0, 0x7f, 0x1f, 0x0f, 0x07};
  char32_t code = static_cast<std::uint8_t>(character[0]) & kFirstBits.at(character.size());
  for (const char byte : character.substr(1)) {
    code = code << 6 | (static_cast<std::uint8_t>(byte) & 0x3fU);
  }
  return code;
}

struct Range {
  char32_t first, last;
};

// What is not shown as it is. All have four digits.
constexpr std::array<Range, 6> kHidden{{
    {0x0000, 0x001f},  // C0: a terminal obeys ESC
    {0x007f, 0x009f},  // DEL, and C1: a terminal may take U+009B for what ESC [ begins
    {0x061c, 0x061c},  // the rest turn the direction of writing (Bidi_Control of Unicode) ...
    {0x200e, 0x200f},
    {0x2028, 0x202e},  // ... these begin with the separators of lines and paragraphs
    {0x2066, 0x2069},
}};

bool is_hidden(char32_t code) {
  return std::ranges::any_of(
      kHidden, [code](const Range& range) { return code >= range.first && code <= range.last; });
}

// A character, or a byte that is not part of one.
struct Piece {
  std::string_view bytes;
  bool is_valid;
  bool is_shown;
};

// Takes one off the front of `bytes`, which is not empty.
Piece take_piece(std::string_view& bytes) {
  const std::size_t length = character_length(bytes);
  const std::string_view piece = bytes.substr(0, std::max<std::size_t>(length, 1));
  bytes.remove_prefix(piece.size());
  return {piece, length != 0, length != 0 && !is_hidden(code_of(piece))};
}

template <class Number>
void append_hex(std::string& text, Number value, int digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) text += kDigits[value >> shift & 0xf];
}

void append_escaped(std::string& text, std::string_view bytes) {
  for (const char byte : bytes) {
    text += "\\x";
    append_hex(text, static_cast<std::uint8_t>(byte), 2);
  }
}

void append_printable(std::string& text, const Piece& piece) {
  if (piece.is_shown) {
    text += piece.bytes;
  } else {
    append_escaped(text, piece.bytes);
  }
}

constexpr std::string_view kCut = "...";
constexpr int kHashDigits = 16;

// FNV-1a, of 64 bits.
std::uint64_t hash_of(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : bytes) hash = (hash ^ static_cast<std::uint8_t>(byte)) * 0x100000001b3;
  return hash;
}

}  // namespace

std::string to_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const Piece piece = take_piece(bytes);
    if (piece.is_valid) {
      text += piece.bytes;
    } else {
      append_escaped(text, piece.bytes);
    }
  }
  return text;
}

std::string printable(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) append_printable(text, take_piece(bytes));
  return text;
}

std::string to_label(std::string_view bytes, std::string_view end) {
  const std::size_t room = kLabelBytes - end.size();
  const std::size_t room_if_cut = room - kCut.size() - kHashDigits;
  std::string text;
  std::size_t kept = 0;  // up to where it would be cut
  for (std::string_view left = bytes; !left.empty() && text.size() <= room;) {
    append_printable(text, take_piece(left));
    if (text.size() <= room_if_cut) kept = text.size();
  }
  if (text.size() > room) {
    text.replace(kept, std::string::npos, kCut);
    append_hex(text, hash_of(bytes), kHashDigits);
  }
  text += end;
  return text;
}

std::string escaped_json(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  while (!json.empty()) {
    const Piece piece = take_piece(json);
    if (piece.is_shown || !piece.is_valid) {
      text += piece.bytes;
    } else {
      text += "\\u";
      append_hex(text, code_of(piece.bytes), 4);
    }
  }
  return text;
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/host/mountinfo.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace fusescope {
namespace {

// Takes what stands before the next `separator` off the front of `text`, and the separator.
// Nothing is merged: an empty source leaves two spaces side by side, which are an empty field.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view field = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return field;
}

std::optional<std::uint32_t> parse_number(std::string_view digits) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), value);
  if (error != std::errc{} || end != digits.end()) return std::nullopt;
  return value;
}

bool is_octal(char character) { return character >= '0' && character <= '7'; }

// Whether `text` starts with \ooo that names a byte, so that its first digit is 3 at most.
bool starts_with_escape(std::string_view text) {
  return text.size() >= 4 && text[0] == '\\' && text[1] <= '3' &&
         std::ranges::all_of(text.substr(1, 3), is_octal);
}

char escaped_byte(std::string_view escape) {
  const int value = (escape[1] - '0') * 64 + (escape[2] - '0') * 8 + (escape[3] - '0');
  return static_cast<char>(static_cast<unsigned char>(value));
}

// A backslash that starts no escape stands for itself.
std::string unescape(std::string_view field) {
  std::string bytes;
  bytes.reserve(field.size());
  while (!field.empty()) {
    const bool escape = starts_with_escape(field);
    bytes += escape ? escaped_byte(field) : field[0];
    field.remove_prefix(escape ? 4 : 1);
  }
  return bytes;
}

// Skips the optional fields ("shared:1 master:2"), of which there is any number, and the lone "-".
bool skip_optional_fields(std::string_view& line) {
  while (!line.empty()) {
    if (take_until(line, ' ') == "-") return true;
  }
  return false;
}

// "ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS [OPTIONAL...] - FSTYPE SOURCE SUPER_OPTIONS"
std::optional<Mount> parse_line(std::string_view line) {
  const auto id = parse_number(take_until(line, ' '));
  const auto parent = parse_number(take_until(line, ' '));
  std::string_view device = take_until(line, ' ');
  const auto major = parse_number(take_until(device, ':'));
  const auto minor = parse_number(device);
  if (!id || !parent || !major || !minor) return std::nullopt;

  const std::string_view root = take_until(line, ' ');
  const std::string_view mountpoint = take_until(line, ' ');
  const std::string_view mount_options = take_until(line, ' ');
  if (root.empty() || mountpoint.empty() || mount_options.empty()) return std::nullopt;
  if (!skip_optional_fields(line)) return std::nullopt;

  const std::string_view fstype = take_until(line, ' ');
  // Three fields must follow the "-", so a space must come after the source, even an empty one.
  if (fstype.empty() || line.find(' ') == std::string_view::npos) return std::nullopt;
  const std::string_view source = take_until(line, ' ');
  return Mount{.id = *id,
               .parent = *parent,
               .major = *major,
               .minor = *minor,
               .root = unescape(root),
               .mountpoint = unescape(mountpoint),
               .fstype = unescape(fstype),
               .source = unescape(source),
               .super_options = unescape(line)};
}

}  // namespace

MountTable parse_mountinfo(std::string_view text) {
  MountTable table;
  while (!text.empty()) {
    const std::string_view line = take_until(text, '\n');
    if (line.empty()) continue;
    if (auto mount = parse_line(line)) {
      table.mounts.push_back(std::move(*mount));
    } else {
      ++table.malformed_lines;
    }
  }
  return table;
}

bool is_fuse(std::string_view fstype) {
  const std::string_view type = take_until(fstype, '.');
  return type == "fuse" || type == "fuseblk" || (type == "virtiofs" && fstype.empty());
}

}  // namespace fusescope

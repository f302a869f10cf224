// SPDX-License-Identifier: Apache-2.0
#include "agent/web/yaml_fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <set>
#include <utility>

namespace fusescope {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxQuoted = 64;

constexpr std::array kDurationUnits = {
    std::pair{"ms", std::chrono::nanoseconds(1ms)},
    std::pair{"s", std::chrono::nanoseconds(1s)},
    std::pair{"m", std::chrono::nanoseconds(1min)},
    std::pair{"h", std::chrono::nanoseconds(1h)},
};
constexpr std::chrono::nanoseconds kLongestInterval = 8760h;

}  // namespace

int line_of(const YAML::Node& node) { return node.Mark().line + 1; }

void refuse(const YAML::Node& node, const std::string& reason) {
  throw YAML::Exception(node.Mark(), reason);
}

std::string quoted(const std::string& word) {
  const char* end = word.size() > kMaxQuoted ? "...'" : "'";
  return std::string(1, '\'').append(word, 0, kMaxQuoted).append(end);
}

void check_keys(const YAML::Node& section, std::string_view name,
                std::initializer_list<std::string_view> known) {
  if (!section.IsMap()) refuse(section, std::string(name) + " is no map of keys");
  std::set<std::string> seen;
  for (const auto& entry : section) {
    const auto key = entry.first.as<std::string>();
    if (std::ranges::find(known, key) == known.end()) {
      refuse(entry.first, "unknown key " + quoted(key) + " in " + std::string(name));
    }
    if (!seen.insert(key).second) refuse(entry.first, key + " is given twice: keep one of them");
  }
}

std::chrono::nanoseconds duration(const YAML::Node& node) {
  const auto text = node.as<std::string>();
  const auto bad = [&] { refuse(node, quoted(text) + " is no duration such as 100ms or 1m30s"); };
  std::chrono::nanoseconds total{0};
  if (text == "0") return total;
  const char* at = text.data();
  const char* const end = at + text.size();
  if (at == end) bad();
  while (at != end) {
    std::int64_t number = 0;
    const auto [stop, error] = std::from_chars(at, end, number);
    if (error == std::errc::invalid_argument || number < 0) bad();
    const std::string_view rest(stop, static_cast<std::size_t>(end - stop));
    const std::string_view unit = rest.substr(0, rest.find_first_of("0123456789"));
    const auto found = std::ranges::find(
        kDurationUnits, unit, [](const auto& entry) { return std::string_view(entry.first); });
    if (found == kDurationUnits.end()) bad();
    if (error != std::errc() || number > (kLongestInterval - total) / found->second) {
      refuse(node, quoted(text) + " is longer than 8760h");
    }
    total += number * found->second;
    at = stop + unit.size();
  }
  return total;
}

}  // namespace fusescope

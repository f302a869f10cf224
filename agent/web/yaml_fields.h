// SPDX-License-Identifier: Apache-2.0
// Values of a YAML file that people write. All of them throw YAML::Exception, with the line and
// what is wrong: for parse_web_config() alone, which lets none out.
#pragma once

#include <yaml-cpp/yaml.h>

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>

namespace fusescope {

[[noreturn]] void refuse(const YAML::Node& node, const std::string& reason);

// From 1.
int line_of(const YAML::Node& node);

// A word of the file, for an error.
std::string quoted(const std::string& word);

// Refuses keys that are not known, and those that stand twice: only one of them would count.
void check_keys(const YAML::Node& section, std::string_view name,
                std::initializer_list<std::string_view> known);

// "1s", "100ms" or "1m30s"; "0" without a unit. At most a year.
std::chrono::nanoseconds duration(const YAML::Node& node);

template <class T>
T value_or(const YAML::Node& section, const char* key, T otherwise) {
  const YAML::Node node = section[key];
  if (!node || node.IsNull()) return otherwise;
  try {
    return node.as<T>();
  } catch (const YAML::BadConversion&) {
    refuse(node, std::string(key) + " has a value of the wrong kind");
  }
}

}  // namespace fusescope

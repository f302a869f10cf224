// SPDX-License-Identifier: Apache-2.0
// What both test programs want of CLI11: one line on stderr and exit 2 for bad options.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

namespace fusetest {

inline constexpr int exit_bad_options = 2;

inline int refuse_options(const std::string& program, const std::string& reason) {
  std::fprintf(stderr, "%s: %s; see %s --help\n", program.c_str(), reason.c_str(), program.c_str());
  return exit_bad_options;
}

// The exit code where the program is to end now: after --help, or bad options.
inline std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::puts(app.help().c_str());
    return 0;
  } catch (const CLI::ParseError& error) {
    return refuse_options(app.get_name(), error.what());
  }
  return std::nullopt;
}

// Sizes with K, M or G, where 1K is 1024.
inline CLI::AsSizeValue byte_size() { return CLI::AsSizeValue(false); }

inline std::optional<std::uint64_t> parse_byte_size(std::string text) {
  try {
    if (!byte_size()(text).empty()) return std::nullopt;
    return std::stoull(text);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace fusetest

// SPDX-License-Identifier: Apache-2.0
#include "agent/host/mountinfo.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

#include "test/fuzz/fuzz.h"

namespace fusescope::fuzz {
namespace {

// As mangle_path() of fs/seq_file.c does.
std::string escaped(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    std::array<char, 5> octal{};
    std::snprintf(octal.data(), octal.size(), "\\%03o", static_cast<unsigned char>(byte));
    text += std::string_view(" \t\n\\#").contains(byte) ? octal.data() : std::string(1, byte);
  }
  return text;
}

// As show_mountinfo() of fs/proc_namespace.c writes it.
std::string line_of(const Mount& mount) {
  return std::to_string(mount.id) + ' ' + std::to_string(mount.parent) + ' ' +
         std::to_string(mount.major) + ':' + std::to_string(mount.minor) + ' ' +
         escaped(mount.root) + ' ' + escaped(mount.mountpoint) + " rw shared:1 - " +
         escaped(mount.fstype) + ' ' + escaped(mount.source) + ' ' + escaped(mount.super_options) +
         '\n';
}

bool are_equal(const Mount& one, const Mount& other) {
  return line_of(one) == line_of(other) && one.mountpoint == other.mountpoint &&
         one.fstype == other.fstype && one.source == other.source;
}

std::size_t lines_in(std::string_view text) {
  std::size_t lines = 0;
  for (Source source(text); !source.empty();) lines += !source.until("\n").empty();
  return lines;
}

}  // namespace

void mountinfo(std::string_view bytes) {
  const MountTable table = parse_mountinfo(bytes);
  hold(table.mounts.size() + table.malformed_lines == lines_in(bytes),
       "each line is a mount, or counted as malformed");
  std::string text;
  for (const Mount& mount : table.mounts) text += line_of(mount);
  const MountTable again = parse_mountinfo(text);
  hold(again.malformed_lines == 0 && std::ranges::equal(again.mounts, table.mounts, are_equal),
       "a mount that is written as the kernel does is read back", text);
}

}  // namespace fusescope::fuzz

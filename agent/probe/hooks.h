// SPDX-License-Identifier: Apache-2.0
// Which BPF program fills which role. Each role has alternatives, best first; which one is taken
// is decided by a trial load and attach, never by the kernel's version.
#pragma once

#include <span>
#include <string_view>

namespace fusescope {

enum class Role { allocated, sent, taken, ended, call };

struct HookAlternative {
  Role role;
  std::string_view mode;     // "tracepoint"
  std::string_view program;  // of the BPF object
  std::string_view needs;    // what it attaches to, and since when it exists
};

// All alternatives, ordered by role and then by preference.
std::span<const HookAlternative> hook_alternatives();

std::span<const Role> all_roles();
std::string_view role_name(Role role);

// Roles without which nothing can be counted.
bool is_required(Role role);

}  // namespace fusescope

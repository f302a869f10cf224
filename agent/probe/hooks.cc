// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/hooks.h"

#include <array>

namespace fusescope {
namespace {

constexpr std::string_view kSendTracepoint = "tracepoint fuse:fuse_request_send (Linux 6.12)";
constexpr std::string_view kEndTracepoint = "tracepoint fuse:fuse_request_end (Linux 6.12)";

constexpr std::array kAlternatives = {
    HookAlternative{Role::sent, "tracepoint", "tracepoint_request_sent", kSendTracepoint},
    HookAlternative{Role::ended, "tracepoint", "tracepoint_request_ended", kEndTracepoint},
    // The call is found when its requests are sent, from the kiocb or the task's registers.
    HookAlternative{Role::call, "tracepoint", "tracepoint_request_sent", kSendTracepoint},
};

constexpr std::array kRoles = {Role::allocated, Role::sent, Role::taken, Role::ended, Role::call};

}  // namespace

std::span<const HookAlternative> hook_alternatives() { return kAlternatives; }

std::span<const Role> all_roles() { return kRoles; }

std::string_view role_name(Role role) {
  switch (role) {
    case Role::allocated: return "allocated";
    case Role::sent: return "sent";
    case Role::taken: return "taken";
    case Role::ended: return "ended";
    case Role::call: return "call";
  }
  return "unknown";
}

bool is_required(Role role) { return role == Role::sent || role == Role::ended; }

}  // namespace fusescope

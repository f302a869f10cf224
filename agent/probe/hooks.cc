// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/hooks.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace fusescope {
namespace {

using Programs = std::span<const std::string_view>;

// One list for each way to hook a function: bpf/attach/function_hooks.bpf.h is included for each of them.
#define FUNCTION_HOOKS(prefix)                                                            \
  constexpr std::string_view allocated[] = {prefix "background_allocated"};               \
  constexpr std::string_view blocked[] = {prefix "background_left"};                      \
  constexpr std::string_view sent_dev[] = {prefix "request_sent_dev"};                    \
  constexpr std::string_view sent_elsewhere[] = {prefix "request_sent_virtio",            \
                                                 prefix "request_sent_uring",             \
                                                 prefix "request_sent_uring_background"}; \
  constexpr std::string_view sent_queue[] = {prefix "request_sent_queue"};                \
  constexpr std::string_view taken[] = {prefix "request_taken_copy"};                     \
  constexpr std::string_view taken_virtio[] = {prefix "request_taken_virtio"};            \
  constexpr std::string_view ended[] = {prefix "request_ended"};                          \
  constexpr std::string_view call[] = {prefix "read_entered", prefix "read_left",         \
                                       prefix "write_entered", prefix "write_left"};      \
  constexpr std::string_view splice[] = {prefix "splice_entered", prefix "splice_left"}

namespace by_fentry {
FUNCTION_HOOKS("fentry_");
}  // namespace by_fentry

namespace by_untyped_fentry {
FUNCTION_HOOKS("fentry_untyped_");
}  // namespace by_untyped_fentry

namespace by_kprobe {
FUNCTION_HOOKS("kprobe_");
}  // namespace by_kprobe

namespace by_guarded_kprobe {
FUNCTION_HOOKS("kprobe_guarded_");
}  // namespace by_guarded_kprobe

namespace by_tracepoint {
constexpr std::string_view sent[] = {"tracepoint_request_sent"};
constexpr std::string_view taken[] = {"tracepoint_request_taken"};
constexpr std::string_view ended[] = {"tracepoint_request_ended"};
}  // namespace by_tracepoint

constexpr std::string_view kSendTracepoint = "tracepoint fuse:fuse_request_send (Linux 6.12)";
constexpr std::string_view kTakenTracepoint = "tracepoint fuse:fuse_request_sent (Linux 7.2)";
constexpr std::string_view kEndTracepoint = "tracepoint fuse:fuse_request_end (Linux 6.12)";
constexpr std::string_view kDev = "function fuse_dev_queue_req (Linux 6.11)";
constexpr std::string_view kQueue = "function queue_request_and_unlock (before Linux 6.11)";
constexpr std::string_view kCopy = "function fuse_copy_args";
constexpr std::string_view kEnd = "function fuse_request_end";
constexpr std::string_view kBackground = "function fuse_simple_background";
constexpr std::string_view kCall = "functions fuse_file_read_iter and fuse_file_write_iter";

constexpr Programs kNone{};
constexpr bool kTyped = true;
constexpr bool kUntyped = false;

using enum HookMode;

constexpr std::array kAlternatives = {
    HookAlternative{Role::allocated, fentry, by_fentry::allocated, kNone, kBackground, kTyped},
    HookAlternative{Role::allocated, fentry, by_untyped_fentry::allocated, kNone, kBackground,
                    kUntyped},
    HookAlternative{Role::allocated, kprobe, by_kprobe::allocated, kNone, kBackground, kUntyped},
    HookAlternative{Role::allocated, kprobe, by_guarded_kprobe::allocated, kNone, kBackground,
                    kUntyped},

    HookAlternative{Role::blocked, fentry, by_fentry::blocked, kNone, kBackground, kTyped},
    HookAlternative{Role::blocked, fentry, by_untyped_fentry::blocked, kNone, kBackground,
                    kUntyped},
    HookAlternative{Role::blocked, kprobe, by_kprobe::blocked, kNone, kBackground, kUntyped},
    HookAlternative{Role::blocked, kprobe, by_guarded_kprobe::blocked, kNone, kBackground,
                    kUntyped},

    HookAlternative{Role::sent, tracepoint, by_tracepoint::sent, kNone, kSendTracepoint, kTyped},
    HookAlternative{Role::sent, fentry, by_fentry::sent_dev, by_fentry::sent_elsewhere, kDev,
                    kTyped},
    HookAlternative{Role::sent, fentry, by_fentry::sent_queue, kNone, kQueue, kTyped},
    HookAlternative{Role::sent, fentry, by_untyped_fentry::sent_dev,
                    by_untyped_fentry::sent_elsewhere, kDev, kUntyped},
    HookAlternative{Role::sent, fentry, by_untyped_fentry::sent_queue, kNone, kQueue, kUntyped},
    HookAlternative{Role::sent, kprobe, by_kprobe::sent_dev, by_kprobe::sent_elsewhere, kDev,
                    kUntyped},
    HookAlternative{Role::sent, kprobe, by_guarded_kprobe::sent_dev,
                    by_guarded_kprobe::sent_elsewhere, kDev, kUntyped},
    HookAlternative{Role::sent, kprobe, by_kprobe::sent_queue, kNone, kQueue, kUntyped},
    HookAlternative{Role::sent, kprobe, by_guarded_kprobe::sent_queue, kNone, kQueue, kUntyped},

    // The tracepoint does not fire for virtiofs.
    HookAlternative{Role::taken, tracepoint, by_tracepoint::taken, by_fentry::taken_virtio,
                    kTakenTracepoint, kTyped},
    HookAlternative{Role::taken, fentry, by_fentry::taken, by_fentry::taken_virtio, kCopy, kTyped},
    HookAlternative{Role::taken, fentry, by_untyped_fentry::taken, by_untyped_fentry::taken_virtio,
                    kCopy, kUntyped},
    HookAlternative{Role::taken, kprobe, by_kprobe::taken, by_kprobe::taken_virtio, kCopy,
                    kUntyped},
    HookAlternative{Role::taken, kprobe, by_guarded_kprobe::taken, by_guarded_kprobe::taken_virtio,
                    kCopy, kUntyped},

    HookAlternative{Role::ended, tracepoint, by_tracepoint::ended, kNone, kEndTracepoint, kTyped},
    HookAlternative{Role::ended, fentry, by_fentry::ended, kNone, kEnd, kTyped},
    HookAlternative{Role::ended, fentry, by_untyped_fentry::ended, kNone, kEnd, kUntyped},
    HookAlternative{Role::ended, kprobe, by_kprobe::ended, kNone, kEnd, kUntyped},
    HookAlternative{Role::ended, kprobe, by_guarded_kprobe::ended, kNone, kEnd, kUntyped},

    HookAlternative{Role::call, fentry, by_fentry::call, by_fentry::splice, kCall, kTyped},
    HookAlternative{Role::call, fentry, by_untyped_fentry::call, by_untyped_fentry::splice, kCall,
                    kUntyped},
    HookAlternative{Role::call, kprobe, by_kprobe::call, by_kprobe::splice, kCall, kUntyped},
    HookAlternative{Role::call, kprobe, by_guarded_kprobe::call, by_guarded_kprobe::splice, kCall,
                    kUntyped},
    // The call is found when its requests are sent, from the kiocb or the task's registers.
    HookAlternative{Role::call, tracepoint, by_tracepoint::sent, kNone, kSendTracepoint, kTyped},
};

constexpr std::array kRoles = {Role::allocated, Role::blocked, Role::sent,
                               Role::taken,     Role::ended,   Role::call};

struct NamedMode {
  HookMode mode;
  std::string_view name;
};
constexpr std::array kModes = {NamedMode{automatic, "auto"}, NamedMode{fentry, "fentry"},
                               NamedMode{kprobe, "kprobe"}, NamedMode{tracepoint, "tracepoint"}};

}  // namespace

std::span<const HookAlternative> hook_alternatives() { return kAlternatives; }

std::span<const Role> all_roles() { return kRoles; }

std::string_view role_name(Role role) {
  switch (role) {
    case Role::allocated: return "allocated";
    case Role::blocked: return "blocked";
    case Role::sent: return "sent";
    case Role::taken: return "taken";
    case Role::ended: return "ended";
    case Role::call: return "call";
  }
  return "unknown";
}

std::string_view mode_name(HookMode mode) {
  const auto* found = std::ranges::find(kModes, mode, &NamedMode::mode);
  return found == kModes.end() ? "unknown" : found->name;
}

std::optional<HookMode> mode_of_name(std::string_view name) {
  const auto* found = std::ranges::find(kModes, name, &NamedMode::name);
  if (found == kModes.end()) return std::nullopt;
  return found->mode;
}

std::vector<HookAlternative> alternatives_to_try(Role role, HookMode asked_for,
                                                 const SkipRisk& risk) {
  std::vector<HookAlternative> chosen;
  std::ranges::copy_if(kAlternatives, std::back_inserter(chosen), [&](const auto& each) {
    return each.role == role && (asked_for == automatic || asked_for == each.mode);
  });
  const auto drawback = [&](const HookAlternative& each) {
    if (is_estimate(each)) return 2;
    return is_at_risk(each.mode, risk) ? 1 : 0;
  };
  std::ranges::stable_sort(chosen, {}, drawback);
  return chosen;
}

bool is_at_risk(HookMode mode, const SkipRisk& risk) {
  return (mode == fentry && risk.fentry) || (mode == tracepoint && risk.tracepoint);
}

bool is_required(Role role) { return role == Role::sent || role == Role::ended; }

bool has_typed_pointers(std::string_view program) {
  const auto names = [&](Programs programs) {
    return std::ranges::find(programs, program) != programs.end();
  };
  return std::ranges::any_of(hook_alternatives(), [&](const HookAlternative& each) {
    return each.is_typed && (names(each.programs) || names(each.also));
  });
}

bool is_estimate(const HookAlternative& alternative) {
  return alternative.role == Role::call && !hooks_the_call(alternative);
}

bool hooks_the_call(const HookAlternative& alternative) {
  return alternative.role == Role::call && alternative.mode != tracepoint;
}

}  // namespace fusescope

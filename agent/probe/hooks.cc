// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/hooks.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace fusescope {
namespace {

using Programs = std::span<const std::string_view>;

// A string as a parameter of a template.
template <std::size_t size>
struct Text {
  constexpr Text(const char (&literal)[size]) { std::ranges::copy(literal, characters); }
  char characters[size]{};
};

template <Text... programs>
constexpr std::array<std::string_view, sizeof...(programs)> kPrograms = {programs.characters...};

constexpr std::string_view kSendTracepoint = "tracepoint fuse:fuse_request_send (Linux 6.12)";
constexpr std::string_view kTakenTracepoint = "tracepoint fuse:fuse_request_sent (Linux 7.2)";
constexpr std::string_view kEndTracepoint = "tracepoint fuse:fuse_request_end (Linux 6.12)";
constexpr std::string_view kDev = "function fuse_dev_queue_req (Linux 6.11)";
constexpr std::string_view kQueue = "function queue_request_and_unlock (before Linux 6.11)";
constexpr std::string_view kCopy = "function fuse_copy_args";
constexpr std::string_view kEnd = "function fuse_request_end";
constexpr std::string_view kBackground = "function fuse_simple_background";
constexpr std::string_view kCall = "functions fuse_file_read_iter and fuse_file_write_iter";

constexpr bool kTyped = true;
constexpr bool kUntyped = false;

using enum HookMode;

constexpr HookAlternative row(Role role, HookMode mode, bool is_typed, std::string_view needs,
                              Programs programs, Programs also = {}) {
  return {.role = role,
          .mode = mode,
          .programs = programs,
          .also = also,
          .needs = needs,
          .is_typed = is_typed};
}

// A row for each function that is hooked, in one way to hook functions: bpf/attach/ includes
// function_hooks.bpf.h once for each of them. The name of a program begins with the way, and goes
// on with the name that stands here and there.
#define FUNCTION_HOOKS(mode, way, loads)                                                         \
  row(Role::allocated, mode, loads, kBackground, kPrograms<way "background_allocated">),         \
      row(Role::blocked, mode, loads, kBackground, kPrograms<way "background_left">),            \
      row(Role::sent, mode, loads, kDev, kPrograms<way "request_sent_dev">,                      \
          kPrograms<way "request_sent_virtio", way "request_sent_uring",                         \
                    way "request_sent_uring_background">),                                       \
      row(Role::sent, mode, loads, kQueue, kPrograms<way "request_sent_queue">),                 \
      row(Role::taken, mode, loads, kCopy, kPrograms<way "request_taken_copy">,                  \
          kPrograms<way "request_taken_virtio">),                                                \
      row(Role::ended, mode, loads, kEnd, kPrograms<way "request_ended">),                       \
      row(Role::call, mode, loads, kCall,                                                        \
          kPrograms<way "read_entered", way "read_left", way "write_entered", way "write_left">, \
          kPrograms<way "splice_entered", way "splice_left">)

// Of each role the best first.
constexpr std::array kAlternatives = {
    row(Role::sent, tracepoint, kTyped, kSendTracepoint, kPrograms<"tracepoint_request_sent">),
    // The tracepoint does not fire for virtiofs.
    row(Role::taken, tracepoint, kTyped, kTakenTracepoint, kPrograms<"tracepoint_request_taken">,
        kPrograms<"fentry_request_taken_virtio">),
    row(Role::ended, tracepoint, kTyped, kEndTracepoint, kPrograms<"tracepoint_request_ended">),

    FUNCTION_HOOKS(fentry, "fentry_", kTyped),
    FUNCTION_HOOKS(fentry, "fentry_untyped_", kUntyped),
    FUNCTION_HOOKS(kprobe, "kprobe_", kUntyped),
    FUNCTION_HOOKS(kprobe, "kprobe_guarded_", kUntyped),

    // The call is found when its requests are sent, from the kiocb or the task's registers.
    row(Role::call, tracepoint, kTyped, kSendTracepoint, kPrograms<"tracepoint_request_sent">),
};

}  // namespace

std::span<const HookAlternative> hook_alternatives() { return kAlternatives; }

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

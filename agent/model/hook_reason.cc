// SPDX-License-Identifier: Apache-2.0
#include "agent/model/hook_reason.h"

#include <algorithm>
#include <array>
#include <string>

#include "agent/base/enum_name.h"

namespace fusescope {
namespace {

// The texts are those of probe/: strerror(3), libbpf, the verifier. The first that is found in the
// refusal decides.
struct Word {
  const char* text;
  HookReason reason;
};
constexpr std::array kWords = {
    Word{"/kprobe_events", HookReason::no_tracefs},
    Word{"No such file or directory", HookReason::absent},
    Word{"No such process", HookReason::absent},
    Word{"kernel BTF type ID", HookReason::absent},
    Word{"Operation not permitted", HookReason::refused},
    Word{"Permission denied", HookReason::verifier},
    Word{"Invalid argument", HookReason::verifier},
    Word{"Argument list too long", HookReason::verifier},
    Word{"No space left on device", HookReason::verifier},
    Word{"Bad address", HookReason::verifier},
    Word{"not supported", HookReason::absent},
    Word{"threads cannot be given storage", HookReason::absent},
};

bool is_refusal(HookReason reason) {
  return reason == HookReason::refused || reason == HookReason::verifier;
}

HookReason of_text(const std::string& text) {
  const auto* found = std::ranges::find_if(
      kWords, [&](const Word& word) { return text.find(word.text) != std::string::npos; });
  return found == kWords.end() ? HookReason::other : found->reason;
}

HookReason of_attempt(const HookAttempt& attempt, const HookConditions& conditions) {
  const KernelFacts& kernel = conditions.kernel;
  const HookReason reason = of_text(attempt.reason);
  if (is_refusal(reason) && !conditions.has_privileges) return HookReason::not_permitted;
  if (is_refusal(reason) && kernel.lockdown == "confidentiality") return HookReason::lockdown;
  if (reason == HookReason::no_tracefs && kernel.kprobe_events == KprobeEvents::not_built_in) {
    return HookReason::absent;
  }
  const bool needs_types = attempt.mode == HookMode::fentry || attempt.mode == HookMode::tracepoint;
  if (reason == HookReason::absent && needs_types && kernel.fuse_types == FuseTypes::none) {
    return HookReason::no_btf;
  }
  return reason;
}

}  // namespace

const char* name_of(HookReason reason) {
  switch (reason) {
    case HookReason::fuse_not_loaded: return "fuse_not_loaded";
    case HookReason::not_permitted: return "not_permitted";
    case HookReason::lockdown: return "lockdown";
    case HookReason::no_tracefs: return "no_tracefs";
    case HookReason::not_asked_for: return "not_asked_for";
    case HookReason::verifier: return "verifier";
    case HookReason::refused: return "refused";
    case HookReason::no_btf: return "no_btf";
    case HookReason::absent: return "absent";
    case HookReason::other: return "other";
  }
  not_of_enum(reason);
}

HookReason reason_of(const HookStatus& status, const std::vector<HookStatus>& all,
                     const HookConditions& conditions) {
  if (conditions.kernel.fuse == FuseDriver::not_loaded) return HookReason::fuse_not_loaded;
  if (status.attempts.empty()) return HookReason::not_asked_for;
  auto first = HookReason::other;
  for (const HookAttempt& attempt : status.attempts) {
    if (attempt.reason == kNeedsAllocated && status.role != Role::allocated) {
      const HookStatus* allocated = find(all, Role::allocated);
      if (allocated) first = std::min(first, reason_of(*allocated, all, conditions));
    } else {
      first = std::min(first, of_attempt(attempt, conditions));
    }
  }
  return first;
}

}  // namespace fusescope

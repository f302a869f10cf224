// SPDX-License-Identifier: Apache-2.0
// What counting needs from the kernel (roles), and which hooks fill it here: plain values. Which
// BPF programs there are for a role is the matter of agent/probe/hooks.h.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fusescope {

enum class Role { allocated, blocked, sent, taken, ended, call };
inline constexpr std::array kRoles = {Role::allocated, Role::blocked, Role::sent,
                                      Role::taken,     Role::ended,   Role::call};
const char* name_of(Role role);

// Roles without which nothing can be counted.
bool is_required(Role role);

// How the kernel is hooked, or is to be: `automatic` is only asked for, with --hooks=auto.
enum class HookMode { automatic, fentry, kprobe, tracepoint };
inline constexpr std::array kHookModes = {HookMode::automatic, HookMode::fentry, HookMode::kprobe,
                                          HookMode::tracepoint};

// "auto", "fentry", "kprobe", "tracepoint", and back.
const char* name_of(HookMode mode);
std::optional<HookMode> hook_mode_of(std::string_view name);

// One alternative of a role that was tried.
struct HookAttempt {
  HookMode mode = HookMode::fentry;
  std::string needs{};    // what it attaches to
  std::string reason{};   // why it was refused; empty: it works
  std::string program{};  // which of its programs was refused; empty: none, or it was not tried
};

// What fills a role.
struct HookStatus {
  Role role = Role::sent;
  std::optional<HookMode> mode{};       // absent: the role is not filled
  std::vector<std::string> programs{};  // attached
  std::vector<HookAttempt> attempts{};  // in the order in which they were tried
  std::string reason{};                 // why the role is not filled
  bool exact = true;                    // false: filled, but what it tells is partly an estimate
  bool may_skip = false;                // the kernel may skip its programs: see SkipRisk
};

// Of several roles this one; null if it is not among them.
const HookStatus* find(const std::vector<HookStatus>& hooks, Role role);

// Whether a program is attached for the role.
bool is_filled(const std::vector<HookStatus>& hooks, Role role);

// The first required role that nothing fills; null if all are filled.
const HookStatus* find_unfilled_required(const std::vector<HookStatus>& hooks);

// Lossy: exact, save for what is skipped, and counted so (SkipRisk).
enum class RoleState { exact, lossy, estimate, missing };
RoleState state_of(const HookStatus& status);
const char* name_of(RoleState state);

// What the role is hooked to; empty: to nothing.
std::string hook_of(const HookStatus& status);

// What is not seen because the role is in this state; empty where all is.
std::string unseen_of(const HookStatus& status);

// Those that are not exact.
std::vector<HookStatus> inexact_of(const std::vector<HookStatus>& hooks);

// Those that requests and calls are counted by.
std::vector<HookStatus> counting_of(const std::vector<HookStatus>& hooks);

}  // namespace fusescope

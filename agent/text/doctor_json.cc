// SPDX-License-Identifier: Apache-2.0
#include "agent/text/doctor_json.h"

#include <array>

#include "agent/text/json.h"

namespace fusescope {
namespace {

constexpr std::array kDrivers = {"not_loaded", "module", "built_in"};
constexpr std::array kTypes = {"none", "module", "kernel"};
constexpr std::array kKprobeEvents = {"no_tracefs", "not_built_in", "not_writable", "writable"};

Json flag_or_null(const std::optional<std::int64_t>& value) {
  return value ? Json(*value != 0) : Json();
}

Json kernel_json(const KernelFacts& kernel) {
  return {{"release", text_or_null(kernel.release)},
          {"version", text_or_null(kernel.version)},
          {"preemption", preemption_of(kernel)},
          {"btf", kernel.has_types},
          {"fuse", kDrivers.at(static_cast<std::size_t>(kernel.fuse))},
          {"fuse_btf", kTypes.at(static_cast<std::size_t>(kernel.fuse_types))},
          {"lockdown", text_or_null(kernel.lockdown.value_or(""))},
          {"kprobe_events", kKprobeEvents.at(static_cast<std::size_t>(kernel.kprobe_events))},
          {"perf_event_paranoid", value_or_null(kernel.perf_event_paranoid)},
          {"unprivileged_bpf_disabled", value_or_null(kernel.unprivileged_bpf_disabled)},
          {"bpf_stats_enabled", flag_or_null(kernel.bpf_stats_enabled)},
          {"fuse_max_pages_limit", value_or_null(kernel.max_pages_limit)},
          {"fuse_max_pages_guess", text_or_null(kernel.max_pages_guess)},
          {"host_user_namespace", kernel.is_host_user_namespace}};
}

Json capability_json(const CapabilityFinding& capability) {
  return {{"name", capability.name},
          {"effective", capability.is_effective},
          {"cost", text_or_null(capability.cost)}};
}

Json attempt_json(const HookAttempt& attempt) {
  return {{"mode", attempt.mode},
          {"hook", attempt.needs},
          {"works", attempt.reason.empty()},
          {"program", text_or_null(attempt.program)},
          {"reason", text_or_null(attempt.reason)}};
}

Json role_json(const RoleFinding& role) {
  const HookStatus& status = role.status;
  return {{"role", status.role},
          {"required", role.is_required},
          {"state", name_of(state_of(status))},
          {"mode", text_or_null(status.mode)},
          {"hook", text_or_null(hook_of(status))},
          {"programs", status.programs},
          {"unseen", text_or_null(unseen_of(status))},
          {"reason", text_or_null(status.reason)},
          {"trials", array_of(status.attempts, attempt_json)}};
}

}  // namespace

std::string doctor_json(const Diagnosis& diagnosis) {
  const Verdict verdict = verdict_of(diagnosis);
  const Json object = {{"verdict", name_of(verdict)},
                       {"exit_code", static_cast<int>(verdict)},
                       {"hooks", diagnosis.hook_mode},
                       {"error", text_or_null(diagnosis.error)},
                       {"ways_out", ways_out(diagnosis)},
                       {"kernel", kernel_json(diagnosis.kernel)},
                       {"capabilities", array_of(diagnosis.capabilities, capability_json)},
                       {"roles", array_of(diagnosis.roles, role_json)}};
  return json_line(object);
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/text/doctor_json.h"

#include "agent/base/enum_name.h"
#include "agent/text/json.h"

namespace fusescope {
namespace {

const char* word_of(FuseDriver driver) {
  switch (driver) {
    case FuseDriver::not_loaded: return "not_loaded";
    case FuseDriver::module: return "module";
    case FuseDriver::built_in: return "built_in";
  }
  not_of_enum(driver);
}

const char* word_of(FuseTypes types) {
  switch (types) {
    case FuseTypes::none: return "none";
    case FuseTypes::of_module: return "module";
    case FuseTypes::of_kernel: return "kernel";
  }
  not_of_enum(types);
}

const char* word_of(KprobeEvents events) {
  switch (events) {
    case KprobeEvents::no_tracefs: return "no_tracefs";
    case KprobeEvents::not_built_in: return "not_built_in";
    case KprobeEvents::not_writable: return "not_writable";
    case KprobeEvents::writable: return "writable";
  }
  not_of_enum(events);
}

Json flag_or_null(const std::optional<std::int64_t>& value) {
  return value ? Json(*value != 0) : Json();
}

Json kernel_json(const KernelFacts& kernel) {
  return {{"release", text_or_null(kernel.release)},
          {"version", text_or_null(kernel.version)},
          {"preemption", preemption_of(kernel)},
          {"btf", kernel.has_types},
          {"fuse", word_of(kernel.fuse)},
          {"fuse_btf", word_of(kernel.fuse_types)},
          {"lockdown", text_or_null(kernel.lockdown.value_or(""))},
          {"kprobe_events", word_of(kernel.kprobe_events)},
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
  return {{"mode", name_of(attempt.mode)},
          {"hook", attempt.needs},
          {"works", attempt.reason.empty()},
          {"program", text_or_null(attempt.program)},
          {"reason", text_or_null(attempt.reason)}};
}

Json role_json(const HookStatus& status) {
  return {{"role", name_of(status.role)},
          {"required", is_required(status.role)},
          {"state", name_of(state_of(status))},
          {"mode", name_or_null(status.mode)},
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
                       {"hooks", name_of(diagnosis.asked_for)},
                       {"error", text_or_null(diagnosis.error)},
                       {"ways_out", ways_out(diagnosis)},
                       {"kernel", kernel_json(diagnosis.kernel)},
                       {"capabilities", array_of(diagnosis.capabilities, capability_json)},
                       {"roles", array_of(diagnosis.roles, role_json)}};
  return json_line(object);
}

}  // namespace fusescope

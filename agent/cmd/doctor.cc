// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/doctor.h"

#include <string>
#include <utility>

#include "agent/cmd/output.h"
#include "agent/host/capabilities.h"
#include "agent/host/kernel.h"
#include "agent/probe/session.h"
#include "agent/text/doctor_json.h"
#include "agent/text/doctor_text.h"

namespace fusescope {
namespace {

Diagnosis diagnose(HookMode mode) {
  Diagnosis diagnosis;
  diagnosis.asked_for = mode;
  diagnosis.kernel = read_kernel();
  // What a user namespace grants is nothing that bpf(2) asks for.
  const bool counts = diagnosis.kernel.is_host_user_namespace;
  diagnosis.capabilities =
      examine_capabilities(counts ? effective_capabilities() : Capabilities{}, diagnosis.kernel);
  auto hooks = examine_hooks(mode, skip_risk_of(diagnosis.kernel));
  if (!hooks) {
    diagnosis.error = hooks.error().text;
    return diagnosis;
  }
  diagnosis.roles = std::move(*hooks);
  return diagnosis;
}

}  // namespace

Result<int> doctor(const DoctorOptions& options) {
  const Diagnosis diagnosis = diagnose(options.hooks);
  const std::string report = options.json ? doctor_json(diagnosis) : doctor_text(diagnosis);
  if (auto printed = print(report); !printed) return std::unexpected(printed.error());
  return static_cast<int>(verdict_of(diagnosis));
}

}  // namespace fusescope

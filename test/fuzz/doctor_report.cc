// SPDX-License-Identifier: Apache-2.0
#include "agent/text/doctor_json.h"
#include "agent/text/doctor_text.h"
#include "test/fuzz/any_snapshot.h"
#include "test/fuzz/fuzz.h"
#include "test/fuzz/text_checks.h"

namespace fusescope::fuzz {

// The reasons are the kernel's and libbpf's words.
void doctor_report(std::string_view bytes) {
  Source source(bytes);
  Diagnosis diagnosis;
  diagnosis.kernel.release = source.text();
  diagnosis.kernel.version = source.text();
  if (source.flag()) diagnosis.kernel.lockdown = source.text();
  if (source.flag()) diagnosis.kernel.preemption_mode = source.text();
  diagnosis.capabilities = {{.name = "CAP_BPF",
                             .is_effective = source.flag(),
                             .loss = static_cast<Loss>(source.up_to(3)),
                             .cost = "no BPF program or map"}};
  diagnosis.error = source.text();
  diagnosis.roles = any_snapshot(source).self.hooks;
  hold_json_lines(doctor_json(diagnosis));
  hold_for_terminal(doctor_text(diagnosis));
}

}  // namespace fusescope::fuzz

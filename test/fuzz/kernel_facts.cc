// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "agent/host/fuse_module.h"
#include "agent/host/host_limits.h"
#include "agent/host/kernel.h"
#include "agent/host/readahead.h"
#include "agent/model/diagnosis.h"
#include "agent/text/doctor_json.h"
#include "agent/text/doctor_text.h"
#include "test/fuzz/directory.h"
#include "test/fuzz/fuzz.h"
#include "test/fuzz/text_checks.h"

namespace fusescope::fuzz {

// The files of procfs and sysfs that tell of the kernel, by an empty line each.
void kernel_facts(std::string_view bytes) {
  static const auto directory = directory_with({});
  Source source(bytes);
  for (const char* name :
       {"proc/sys/kernel/osrelease", "proc/sys/kernel/version", "sys/kernel/security/lockdown",
        "sys/kernel/debug/sched/preempt", "proc/self/uid_map", "proc/filesystems",
        "proc/sys/fs/fuse/max_pages_limit", "proc/sys/kernel/perf_event_paranoid",
        "proc/sys/kernel/bpf_stats_enabled", "sys/class/bdi/0:7/read_ahead_kb"}) {
    directory->write(name, source.until("\n\n"));
  }
  Diagnosis diagnosis;
  diagnosis.kernel = read_kernel(directory->path());
  skip_risk_of(diagnosis.kernel);
  hold_json_lines(doctor_json(diagnosis));
  hold_for_terminal(doctor_text(diagnosis));
  const HostLimits host = read_host_limits(directory->path());
  hold(host.most_pages() > 0 && host.most_pages() <= 65535, "pages are what a kernel allows");
  readahead_bytes(7, directory->path() + "/sys");
}

}  // namespace fusescope::fuzz

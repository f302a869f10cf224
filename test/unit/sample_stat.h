// SPDX-License-Identifier: Apache-2.0
// A report of fusescope stat: one mount whose reads are split.
#pragma once

#include "agent/model/stat_report.h"
#include "sample_snapshot.h"

namespace fusescope {

inline StatReport sample_stat() {
  StatReport report;
  report.command = {"dd", "if=/mnt/\x1b", "bs=1M"};
  report.seconds = 1.234;
  report.exit_code = 0;
  MountSnapshot& mount = report.mounts.emplace_back();
  mount.identity = {.mountpoint = "/mnt/s\xff", .fstype = "fuse.x", .source = "", .device = 9};
  add_sample_calls(mount.counters);
  add_sample_requests(mount.counters);
  mount.limits = sample_limits();
  io_of(mount.counters, FUSESCOPE_READ, FUSESCOPE_DIRECT).most_requests = 8;
  io_of(mount.counters, FUSESCOPE_WRITE, FUSESCOPE_BUFFERED).most_requests = 100'000;
  report.self.hooks.resize(2);
  report.self.hooks[0].role = Role::sent;
  report.self.hooks[1].role = Role::call;
  for (HookStatus& hook : report.self.hooks) hook.mode = HookMode::fentry;
  return report;
}

}  // namespace fusescope

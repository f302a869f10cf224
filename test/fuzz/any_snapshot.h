// SPDX-License-Identifier: Apache-2.0
// Snapshots with any names and numbers that a host may give.
#pragma once

#include "agent/model/limits.h"
#include "agent/model/snapshot.h"
#include "test/fuzz/fuzz.h"

namespace fusescope::fuzz {

MountSnapshot any_mount(Source& source);

// Up to three mounts, of which no two are alike, and a process.
Snapshot any_snapshot(Source& source);

HostLimits any_host(Source& source);

}  // namespace fusescope::fuzz

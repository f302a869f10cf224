// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

namespace fusescope {

// Where tracefs is mounted, best first: the second place is where it was before Linux 4.1.
constexpr std::array kTracefsDirectories = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};

// There if kprobes are built in, also where tracefs is not mounted.
constexpr const char* kKprobePmu = "/sys/bus/event_source/devices/kprobe";

}  // namespace fusescope

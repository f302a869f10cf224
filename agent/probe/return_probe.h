// SPDX-License-Identifier: Apache-2.0
// kretprobe that loses no return. A kretprobe follows only so many calls of a function at once, by
// default about two for each CPU (register_kretprobe(), kernel/kprobes.c); a thread more in the
// function is not seen to leave it. Threads wait in FUSE functions, so that this is far too few,
// and only an event made through tracefs can ask for more.
#pragma once

#include <string>
#include <string_view>

#include "agent/base/error.h"
#include "agent/base/unique_fd.h"
#include "agent/probe/loader.h"

struct bpf_program;

namespace fusescope {

// Attaches a program whose section is "kretprobe/FUNCTION". Needs tracefs to be mounted and
// writable. The event in tracefs goes with the link.
Result<Link> attach_return_probe(bpf_program& program);

// Takes an event away that no program is on any more, by a kprobe_events that is open: privileges
// may be gone by then. An event that cannot be taken away costs nothing; the next agent tries
// again.
void remove_return_probe(const UniqueFd& events, const std::string& event);

// Takes away the events of agents that could not do it themselves, because they were killed.
void remove_stale_return_probes();

// "kprobe_read_left_1234": the event for a program of process 1234; and back, 0 if it is none.
std::string event_name(std::string_view program, int process);
int process_of_event(std::string_view event);

}  // namespace fusescope

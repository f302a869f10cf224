// SPDX-License-Identifier: Apache-2.0
// Whether I/O is split, and why: what verify, stat, top and the live page say of it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/model/limits.h"

namespace fusescope {

// Idle: no call with a request. Ok: no more requests than the calls need on this host
// (bpf/abi/minimum.h). Limited: more, because of a limit of the connection, the buffers or the
// daemon. Broken: requests of one call are not merged.
enum class IoVerdict { idle, ok, limited, broken };
const char* name_of(IoVerdict verdict);

struct Judgement {
  fusescope_op op = FUSESCOPE_READ;
  fusescope_mode mode = FUSESCOPE_DIRECT;
  std::uint64_t calls = 0;  // with a request or without
  std::uint64_t requests = 0;
  std::uint64_t minimum = 0;  // of these, as many as the calls need on this host
  std::uint64_t excess = 0;   // the others
  std::uint64_t segments = 0;
  std::uint64_t bytes = 0;                               // asked for
  std::uint64_t split_calls = 0;                         // of several requests, needed or not
  std::array<std::uint64_t, FUSESCOPE_CAUSES> splits{};  // by cause
  IoVerdict verdict = IoVerdict::idle;
  // Only if limited or broken: `unmerged` if there is any; else that of most extra requests, one
  // that can be fixed before one that is the host's own maximum.
  std::optional<fusescope_cause> cause;
  std::string remedy;  // empty unless limited or broken
};

// One for each operation and mode that had calls. The counters of the mount are those of the time
// to be judged: a difference of two snapshots, or all since the agent began.
std::vector<Judgement> judge(const MountSnapshot& mount, const HostLimits& host);

// The worst of them, of equal ones that with the most excess; idle if there are none.
Judgement worst(const std::vector<Judgement>& judgements);

// What calls were split by, in the order of enum fusescope_cause.
std::vector<fusescope_cause> causes_of(const Judgement& judgement);

// Whether there is anything to fix: limited or broken.
bool is_split(const Judgement& judgement);

// What to do about one of the causes; empty where nothing is to be done about it: needed requests
// have causes as well.
std::string remedy_of(const Judgement& judgement, fusescope_cause cause, const MountSnapshot& mount,
                      const HostLimits& host);

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
// What a mount does, in one word: the one rule of `top`, the live page, /api/mounts and
// fuse_mount_state. Pure: what was counted in a time, and what is in flight at its end.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agent/model/judgement.h"

namespace fusescope {

// From best to worst; where several hold, the worst is the state. The numbers are the values of
// fuse_mount_state.
//   hung           the oldest request in flight is older than StateRule::hung_after
//   split          I/O calls take more requests than they need: judge() says limited or broken
//   failing        of the requests of one opcode more than 1 in 100 failed, with an errno that
//                  programs do not ask for: is_asked_for()
//   slow           99 of 100 reads, or writes, do not take 1.05 s (2^20 us) at most, or a request
//                  has been in flight for longer
//   busy_metadata  more requests without data than reads and writes, and at least one a second
//   ok             requests, or one in flight, or waiting to be sent
//   idle           none of it
enum class MountState : std::uint8_t { idle, ok, busy_metadata, slow, failing, split, hung };
inline constexpr int kMountStates = 7;

const char* name_of(MountState state);  // idle, ok, busy: metadata, ...

struct StateRule {
  double hung_after = 10;  // seconds
};

// What was counted in `seconds`; 0: it is not known for how long.
struct CountedTime {
  const MountSnapshot& mount;  // its counters are those of the time, the rest is of the end of it
  double seconds = 0;
};

struct OpcodeCount {
  std::uint32_t opcode = 0;
  std::uint64_t requests = 0;  // that have ended
  bool operator==(const OpcodeCount&) const = default;
};

struct ErrorCount {
  ErrorKey key;
  std::uint64_t replies = 0;
  bool operator==(const ErrorCount&) const = default;
};

struct StateFinding {
  MountState state = MountState::idle;
  std::vector<MountState> also{};  // what holds as well, of split to slow; the worst first
  std::string detail{};            // a few words: which, why; empty for ok and idle
};

// `judged` is the worst judgement of the same counters.
StateFinding state_of(const CountedTime& counted, const Judgement& judged, const StateRule& rule);

// The opcodes without data that ended most often, at most three, the most frequent first.
std::vector<OpcodeCount> busiest_opcodes(const Counters& counters);

// The errors that programs do not ask for, the most frequent first.
std::vector<ErrorCount> real_errors(const Counters& counters);

// Whether the reply is an answer that programs expect: a name that is not there, an attribute that
// is not set, a file that is not theirs. The alert FuseErrorRatioHigh has the same list.
bool is_asked_for(const ErrorKey& error);
std::span<const int> asked_for_errors();  // of any opcode

// For how long the oldest request has been in flight: "12 s", or "> 12 s", where it was sent before
// the agent began; empty if there is none.
std::string age_of_oldest(const MountSnapshot& mount);

}  // namespace fusescope

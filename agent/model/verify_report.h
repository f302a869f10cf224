// SPDX-License-Identifier: Apache-2.0
// What `fusescope verify` found on a mount: plain values, and the verdict on it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/model/judgement.h"

namespace fusescope {

// One shape of I/O, read or written. Requests and pages are those of 1 MiB.
struct VerifiedShape {
  fusescope_op op = FUSESCOPE_READ;
  fusescope_mode mode = FUSESCOPE_DIRECT;
  std::string id{};
  std::string title{};
  std::uint32_t counted = 0;  // times that it was done to be counted
  double requests = 0;
  std::optional<std::uint64_t> expected{};  // at the limits of the mount; nothing for buffered I/O
  std::optional<double> pages_per_request{};
  std::size_t rounds = 0;       // times that it was done to be timed; 0: those counted were
  double bytes_per_second = 0;  // the median; then the middle half
  double bytes_per_second_low = 0;
  double bytes_per_second_high = 0;
  std::optional<double> speed_up{};  // over single calls, if those were done
};

// An operation, direct or through the page cache.
struct VerifiedOp {
  fusescope_op op = FUSESCOPE_READ;
  fusescope_mode mode = FUSESCOPE_DIRECT;
  // Idle: no request of these calls was seen, as of buffered writes with writeback. Nothing: it
  // could not be tested, and `reason` says why, and what to do.
  std::optional<IoVerdict> verdict{};
  std::optional<fusescope_cause> cause{};
  std::string remedy{};
  std::string reason{};
};

// A shape of an operation that has a verdict, and why it was not done.
struct ShapeNotRun {
  fusescope_op op = FUSESCOPE_READ;
  fusescope_mode mode = FUSESCOPE_DIRECT;
  std::string id{};
  std::string title{};
  std::string reason{};
};

struct VerifyReport {
  MountSnapshot mount{};  // its identity and limits
  HostLimits host{};
  std::string judged = "vectored";  // the id of the shape that the verdicts are about
  std::string file{};               // that was read; empty: the own one
  std::vector<VerifiedShape> shapes{};
  std::vector<VerifiedOp> ops{};  // at most one of an operation and mode
  std::vector<ShapeNotRun> not_run{};
};

// Whether there is a verdict on it.
bool is_tested(const VerifyReport& report, fusescope_op op, fusescope_mode mode);

// Whether the verdict on the mount depends on this one: all do but buffered reads beside direct
// ones, whose size is the readahead window's, which the host sets.
bool decides(const VerifyReport& report, const VerifiedOp& op);

// The worst of those that decide; idle where there is none.
IoVerdict verdict_of(const VerifyReport& report);

// "reads: REASON; writes: REASON", of operations that could not be tested at all; empty: there are
// none.
std::string untested_text(const VerifyReport& report);

}  // namespace fusescope

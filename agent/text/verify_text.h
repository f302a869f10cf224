// SPDX-License-Identifier: Apache-2.0
// The report of `fusescope verify`, for people and for programs.
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
  std::string id;
  std::string title;
  double requests = 0;
  std::optional<std::uint64_t> expected;  // at the limits of the mount; nothing for buffered I/O
  std::optional<double> pages_per_request;
  double bytes_per_second = 0;  // the median; then the middle half
  double bytes_per_second_low = 0;
  double bytes_per_second_high = 0;
  double speed_up = 0;  // over single calls
};

struct VerifiedOp {
  fusescope_op op = FUSESCOPE_READ;
  IoVerdict verdict = IoVerdict::ok;
  std::optional<fusescope_cause> cause;
  std::string remedy;
};

struct VerifyReport {
  MountSnapshot mount;  // its identity and limits
  HostLimits host;
  bool is_direct = true;
  std::uint64_t address_in_page = 0;  // where the buffers begin
  std::vector<VerifiedShape> shapes;
  std::vector<VerifiedOp> ops;
};

// The worse of both operations.
IoVerdict verdict_of(const VerifyReport& report);

// A table and the verdict, about 100 columns wide.
std::string verify_text(const VerifyReport& report);

// One object on one line: see docs/json.md.
std::string verify_json(const VerifyReport& report);

}  // namespace fusescope

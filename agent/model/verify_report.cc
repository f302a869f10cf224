// SPDX-License-Identifier: Apache-2.0
#include "agent/model/verify_report.h"

#include <algorithm>

#include "agent/base/list_text.h"

namespace fusescope {
namespace {

constexpr const char* kIdle = "these calls sent no request while they ran";

// Each reason once: direct and buffered I/O may have been refused for the same.
std::string reasons_of(const VerifyReport& report, fusescope_op op) {
  std::string text;
  for (const VerifiedOp& each : report.ops) {
    const std::string reason = each.verdict == IoVerdict::idle ? kIdle : each.reason;
    if (each.op != op || reason.empty() || text.contains(reason)) continue;
    add_to_list(text, reason, "; ");
  }
  return text;
}

bool is_tested(const VerifyReport& report, fusescope_op op) {
  return is_tested(report, op, FUSESCOPE_DIRECT) || is_tested(report, op, FUSESCOPE_BUFFERED);
}

}  // namespace

bool is_tested(const VerifyReport& report, fusescope_op op, fusescope_mode mode) {
  return std::ranges::any_of(report.ops, [&](const VerifiedOp& each) {
    return each.op == op && each.mode == mode && each.verdict && *each.verdict > IoVerdict::idle;
  });
}

bool decides(const VerifyReport& report, const VerifiedOp& op) {
  if (!op.verdict || *op.verdict == IoVerdict::idle) return false;
  const bool is_buffered_read = op.op == FUSESCOPE_READ && op.mode == FUSESCOPE_BUFFERED;
  return !is_buffered_read || !is_tested(report, FUSESCOPE_READ, FUSESCOPE_DIRECT);
}

IoVerdict verdict_of(const VerifyReport& report) {
  IoVerdict worst = IoVerdict::idle;
  for (const VerifiedOp& op : report.ops) {
    if (decides(report, op)) worst = std::max(worst, *op.verdict);
  }
  return worst;
}

std::string untested_text(const VerifyReport& report) {
  std::string text;
  for (const fusescope_op op : {FUSESCOPE_READ, FUSESCOPE_WRITE}) {
    const std::string reasons = reasons_of(report, op);
    if (is_tested(report, op) || reasons.empty()) continue;
    add_to_list(text, (op == FUSESCOPE_READ ? "reads: " : "writes: ") + reasons, "; ");
  }
  return text;
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/text/verify_text.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "agent/base/list_text.h"
#include "agent/model/label_text.h"
#include "agent/model/names.h"
#include "agent/text/format.h"
#include "agent/text/table.h"

namespace fusescope {
namespace {

constexpr double kMebibyte = 1 << 20;
constexpr Shape kWrap = {.width = 100, .indent = 10, .lines = 8};
constexpr std::size_t kVerdictColumn = 19;
constexpr const char* kUnalignedId = "unaligned";  // agent/verify/shapes.cc
constexpr const char* kLegend =
    "\nExpected: at the limits of this mount. MiB/s: the median, and how far the middle half is "
    "from it.\nSpeed-up: over single calls of the same bytes. Not aligned: 512 bytes into a "
    "page.\n\n";

// Whole numbers as such.
std::string number(double value) { return fixed(value, value == std::floor(value) ? 0 : 1); }

// A limit of bytes: 32 bits all set are none.
std::string bytes_text(std::uint32_t limit) {
  return limit == std::numeric_limits<std::uint32_t>::max() ? "none" : std::to_string(limit);
}

std::string heading(const VerifyReport& report) {
  const MountIdentity& mount = report.mount.identity;
  std::string text = printable(mount.mountpoint) + " (" + printable(mount.fstype) + ")";
  if (const auto& limits = report.mount.limits) {
    text += "\nLimits: max_pages " + std::to_string(limits->max_pages) + ", max_read " +
            bytes_text(limits->max_read) + ", max_write " + bytes_text(limits->max_write);
  }
  text += "\nTest: 1 MiB, ";
  text += report.file.empty() ? "of a file of its own"
                              : "reads of " + printable(report.file) + ", which is not changed";
  return text + "\n\n";
}

// Of one timing there is no spread.
std::string speed_text(const VerifiedShape& shape) {
  std::string text = fixed(shape.bytes_per_second / kMebibyte, 0);
  if (shape.rounds < 2 || shape.bytes_per_second <= 0) return text;
  const double half = (shape.bytes_per_second_high - shape.bytes_per_second_low) / 2;
  return text + " +-" + fixed(100 * half / shape.bytes_per_second, 0) + "%";
}

std::vector<std::string> row_of(const VerifiedShape& shape) {
  return {name_of(shape.op),
          name_of(shape.mode),
          shape.title,
          number(shape.requests),
          shape.expected ? std::to_string(*shape.expected) : kNone,
          shape.pages_per_request ? number(*shape.pages_per_request) : kNone,
          speed_text(shape),
          shape.speed_up ? fixed(*shape.speed_up, 1) + "x" : kNone};
}

// Whether direct I/O is split for the same: what to change is said there.
bool is_as_direct(const VerifyReport& report, const VerifiedOp& op) {
  return op.mode == FUSESCOPE_BUFFERED &&
         std::ranges::any_of(report.ops, [&](const VerifiedOp& each) {
           return each.op == op.op && each.mode == FUSESCOPE_DIRECT && each.cause == op.cause;
         });
}

std::string split_text(const VerifyReport& report, const VerifiedOp& op) {
  std::string text = std::string(", ") + name_of(*op.cause);
  text += is_as_direct(report, op) ? ", as direct ones" : ". " + op.remedy;
  if (decides(report, op)) return text;
  return text + (text.ends_with('.') ? "" : ".") + " (The verdict is about direct reads)";
}

std::string what_of(const VerifyReport& report, const VerifiedOp& op) {
  if (!op.verdict) return "not tested: " + op.reason;
  const std::string name = name_of(*op.verdict);
  if (op.verdict == IoVerdict::ok) return name + ": as few requests as this host allows";
  if (op.verdict == IoVerdict::idle) {
    return name + ": nothing to judge, these calls sent no request while they ran";
  }
  return op.cause ? name + split_text(report, op) : name;
}

std::string verdict_line(const VerifyReport& report, const VerifiedOp& op) {
  const std::string start = "  " + std::string(name_of(op.op)) + ", " + name_of(op.mode) + ": ";
  return wrapped(padded(start, kVerdictColumn), printable(what_of(report, op)), kWrap) + "\n";
}

// A reason is told once for all shapes that have it.
std::string not_run_text(const VerifyReport& report) {
  std::string text;
  std::string shapes;
  for (std::size_t i = 0; i < report.not_run.size(); i++) {
    const ShapeNotRun& each = report.not_run[i];
    add_to_list(shapes,
                std::string(name_of(each.mode)) + " " + name_of(each.op) + ", " + each.title, "; ");
    const bool is_last =
        i + 1 == report.not_run.size() || report.not_run[i + 1].reason != each.reason;
    if (!is_last) continue;
    text += wrapped("  not run: ", printable(shapes + ": " + each.reason), kWrap) + "\n";
    shapes.clear();
  }
  return text;
}

std::string last_line(const VerifyReport& report) {
  std::string text = std::string("\nVerdict: ") + name_of(verdict_of(report));
  if (report.judged == kUnalignedId) text += ", of buffers that are not aligned";
  const bool has_reads = is_tested(report, FUSESCOPE_READ, FUSESCOPE_DIRECT) ||
                         is_tested(report, FUSESCOPE_READ, FUSESCOPE_BUFFERED);
  const bool has_writes = is_tested(report, FUSESCOPE_WRITE, FUSESCOPE_DIRECT) ||
                          is_tested(report, FUSESCOPE_WRITE, FUSESCOPE_BUFFERED);
  if (!has_writes) text += ", of reads alone";
  if (!has_reads) text += ", of writes alone";
  return text + "\n";
}

}  // namespace

std::string verify_text(const VerifyReport& report) {
  Table table;
  table.add({"OP", "MODE", "SHAPE", "REQUESTS", "EXPECTED", "PAGES EACH", "MiB/s", "SPEED-UP"});
  for (const VerifiedShape& shape : report.shapes) table.add(row_of(shape));
  std::string text = heading(report) + table.text() + kLegend;
  for (const VerifiedOp& op : report.ops) text += verdict_line(report, op);
  return text + not_run_text(report) + last_line(report);
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/text/verify_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "agent/model/names.h"
#include "agent/text/table.h"

namespace fusescope {
namespace {

constexpr double kMebibyte = 1 << 20;
constexpr const char* kUnalignedId = "unaligned";  // agent/verify/shapes.cc
constexpr const char* kLegend =
    "\nExpected: at the limits of this mount. MiB/s: the median, and how far the middle half is "
    "from "
    "it.\nSpeed-up: over single calls of the same bytes. Not aligned: 512 bytes into a page.\n\n";

std::string decimal(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

// Whole numbers as such.
std::string number(double value) { return decimal(value, value == std::floor(value) ? 0 : 1); }

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
  text += report.is_direct ? "direct I/O" : "through the page cache: this mount has no O_DIRECT";
  return text + "\n\n";
}

// Of one timing there is no spread.
std::string speed_text(const VerifiedShape& shape) {
  std::string text = decimal(shape.bytes_per_second / kMebibyte, 0);
  if (shape.rounds < 2 || shape.bytes_per_second <= 0) return text;
  const double half = (shape.bytes_per_second_high - shape.bytes_per_second_low) / 2;
  return text + " +-" + decimal(100 * half / shape.bytes_per_second, 0) + "%";
}

std::vector<std::string> row_of(const VerifiedShape& shape) {
  return {name_of(shape.op),
          shape.title,
          number(shape.requests),
          shape.expected ? std::to_string(*shape.expected) : "-",
          shape.pages_per_request ? number(*shape.pages_per_request) : "-",
          speed_text(shape),
          decimal(shape.speed_up, 1) + "x"};
}

std::string verdict_line(const VerifiedOp& op) {
  const std::string start =
      "  " + std::string(name_of(op.op)) + (op.op == FUSESCOPE_READ ? ":  " : ": ");
  std::string text = name_of(op.verdict);
  if (op.verdict == IoVerdict::ok) {
    text += ": as few requests as this host allows";
  } else if (op.verdict == IoVerdict::idle) {
    text += ": nothing to judge, the page cache sent no request while these calls ran";
  } else if (op.cause) {
    text += ", " + std::string(name_of(*op.cause)) + ". " + op.remedy;
  }
  return wrapped(start, text, {.width = 100, .indent = 10, .lines = 8}) + "\n";
}

}  // namespace

IoVerdict verdict_of(const VerifyReport& report) {
  IoVerdict worst = IoVerdict::idle;
  for (const VerifiedOp& op : report.ops) worst = std::max(worst, op.verdict);
  return worst;
}

std::string verify_text(const VerifyReport& report) {
  Table table;
  table.add({"OP", "SHAPE", "REQUESTS", "EXPECTED", "PAGES EACH", "MiB/s", "SPEED-UP"});
  for (const VerifiedShape& shape : report.shapes) table.add(row_of(shape));
  std::string text = heading(report) + table.text() + kLegend;
  for (const VerifiedOp& op : report.ops) text += verdict_line(op);
  text += std::string("\nVerdict: ") + name_of(verdict_of(report));
  if (report.judged == kUnalignedId) text += ", of buffers that are not aligned";
  return text + "\n";
}

}  // namespace fusescope

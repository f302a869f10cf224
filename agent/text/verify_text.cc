// SPDX-License-Identifier: Apache-2.0
#include "agent/text/verify_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "agent/model/names.h"
#include "agent/text/table.h"

namespace fusescope {
namespace {

constexpr double kMebibyte = 1 << 20;

std::string decimal(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

// Whole numbers as such.
std::string number(double value) { return decimal(value, value == std::floor(value) ? 0 : 1); }

std::string heading(const VerifyReport& report) {
  const MountIdentity& mount = report.mount.identity;
  std::string text = printable(mount.mountpoint) + " (" + printable(mount.fstype) + ")";
  if (const auto& limits = report.mount.limits) {
    text += "\nLimits: max_pages " + std::to_string(limits->max_pages) + ", max_read " +
            std::to_string(limits->max_read) + ", max_write " + std::to_string(limits->max_write);
  }
  text += "\nTest: 1 MiB, ";
  text += report.is_direct ? "O_DIRECT" : "through the page cache: this mount has no O_DIRECT";
  if (report.address_in_page) {
    text += ", buffers " + std::to_string(report.address_in_page) + " bytes into a page";
  }
  return text + "\n\n";
}

std::vector<std::string> row_of(const VerifiedShape& shape) {
  const double half = (shape.bytes_per_second_high - shape.bytes_per_second_low) / 2;
  const double percent = shape.bytes_per_second > 0 ? 100 * half / shape.bytes_per_second : 0;
  return {name_of(shape.op),
          shape.title,
          number(shape.requests),
          shape.expected ? std::to_string(*shape.expected) : "-",
          shape.pages_per_request ? number(*shape.pages_per_request) : "-",
          decimal(shape.bytes_per_second / kMebibyte, 0) + " +-" + decimal(percent, 0) + "%",
          decimal(shape.speed_up, 1) + "x"};
}

std::string verdict_line(const VerifiedOp& op) {
  const std::string start =
      "  " + std::string(name_of(op.op)) + (op.op == FUSESCOPE_READ ? ":  " : ": ");
  std::string text = name_of(op.verdict);
  if (op.verdict == IoVerdict::ok) {
    text += ": as few requests as this host allows";
  } else if (op.cause) {
    text += ", " + std::string(name_of(*op.cause)) + ". " + op.remedy;
  }
  return wrapped(start, text, {.width = 100, .indent = 10, .lines = 8}) + "\n";
}

}  // namespace

IoVerdict verdict_of(const VerifyReport& report) {
  IoVerdict worst = IoVerdict::ok;
  for (const VerifiedOp& op : report.ops) worst = std::max(worst, op.verdict);
  return worst;
}

std::string verify_text(const VerifyReport& report) {
  Table table;
  table.add({"OP", "SHAPE", "REQUESTS", "EXPECTED", "PAGES EACH", "MiB/s", "SPEED-UP"});
  for (const VerifiedShape& shape : report.shapes) table.add(row_of(shape));
  std::string text = heading(report) + table.text() +
                     "\nExpected: at the limits of this mount. Speed-up: over single calls of the "
                     "same bytes.\n\n";
  for (const VerifiedOp& op : report.ops) text += verdict_line(op);
  return text + "\nVerdict: " + name_of(verdict_of(report)) + "\n";
}

}  // namespace fusescope

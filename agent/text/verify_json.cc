// SPDX-License-Identifier: Apache-2.0
#include "agent/text/verify_json.h"

#include "agent/model/label_text.h"
#include "agent/model/names.h"
#include "agent/text/json.h"
#include "agent/text/verify_text.h"

namespace fusescope {
namespace {

Json limits_json(const VerifyReport& report) {
  const auto& limits = report.mount.limits;
  if (!limits) return {};
  return {{"max_pages", limits->max_pages},
          {"max_read_bytes", limits->max_read},
          {"max_write_bytes", limits->max_write},
          {"host_max_pages", report.host.most_pages()}};
}

Json shape_json(const VerifiedShape& shape) {
  return {{"op", name_of(shape.op)},
          {"mode", name_of(shape.mode)},
          {"shape", shape.id},
          {"counted", shape.counted},
          {"requests", shape.requests},
          {"expected_requests", value_or_null(shape.expected)},
          {"pages_per_request", value_or_null(shape.pages_per_request)},
          {"rounds", shape.rounds},
          {"bytes_per_second", shape.bytes_per_second},
          {"bytes_per_second_low", shape.bytes_per_second_low},
          {"bytes_per_second_high", shape.bytes_per_second_high},
          {"speed_up", value_or_null(shape.speed_up)}};
}

Json op_json(const VerifyReport& report, const VerifiedOp& op) {
  return {{"op", name_of(op.op)},
          {"mode", name_of(op.mode)},
          {"verdict", name_or_null(op.verdict)},
          {"decides", decides(report, op)},
          {"cause", name_or_null(op.cause)},
          {"remedy", text_or_null(op.remedy)},
          {"reason", text_or_null(op.reason)}};
}

Json not_run_json(const ShapeNotRun& each) {
  return {{"op", name_of(each.op)},
          {"mode", name_of(each.mode)},
          {"shape", each.id},
          {"reason", to_utf8(each.reason)}};
}

bool has_direct(const VerifyReport& report) {
  return is_tested(report, FUSESCOPE_READ, FUSESCOPE_DIRECT) ||
         is_tested(report, FUSESCOPE_WRITE, FUSESCOPE_DIRECT);
}

}  // namespace

std::string verify_json(const VerifyReport& report) {
  const auto json_of_op = [&](const VerifiedOp& op) { return op_json(report, op); };
  const Json object = {{"verdict", name_of(verdict_of(report))},
                       {"mountpoint", to_label(report.mount.identity.mountpoint)},
                       {"fstype", to_label(report.mount.identity.fstype)},
                       {"direct", has_direct(report)},
                       {"file", text_or_null(report.file)},
                       {"judged_shape", report.judged},
                       {"limits", limits_json(report)},
                       {"ops", array_of(report.ops, json_of_op)},
                       {"shapes", array_of(report.shapes, shape_json)},
                       {"not_run", array_of(report.not_run, not_run_json)}};
  return json_line(object);
}

}  // namespace fusescope

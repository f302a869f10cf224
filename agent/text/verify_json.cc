// SPDX-License-Identifier: Apache-2.0
#include "agent/model/label_text.h"
#include "agent/model/names.h"
#include "agent/text/json_text.h"
#include "agent/text/verify_text.h"

namespace fusescope {
namespace {

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

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
          {"expected_requests", or_null(shape.expected)},
          {"pages_per_request", or_null(shape.pages_per_request)},
          {"rounds", shape.rounds},
          {"bytes_per_second", shape.bytes_per_second},
          {"bytes_per_second_low", shape.bytes_per_second_low},
          {"bytes_per_second_high", shape.bytes_per_second_high},
          {"speed_up", or_null(shape.speed_up)}};
}

Json op_json(const VerifyReport& report, const VerifiedOp& op) {
  return {{"op", name_of(op.op)},
          {"mode", name_of(op.mode)},
          {"verdict", op.verdict ? Json(name_of(*op.verdict)) : Json()},
          {"decides", decides(report, op)},
          {"cause", op.cause ? Json(name_of(*op.cause)) : Json()},
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
  Json shapes = Json::array();
  for (const VerifiedShape& shape : report.shapes) shapes.push_back(shape_json(shape));
  Json ops = Json::array();
  for (const VerifiedOp& op : report.ops) ops.push_back(op_json(report, op));
  Json not_run = Json::array();
  for (const ShapeNotRun& each : report.not_run) not_run.push_back(not_run_json(each));
  const Json object = {{"verdict", name_of(verdict_of(report))},
                       {"mountpoint", to_label(report.mount.identity.mountpoint)},
                       {"fstype", to_label(report.mount.identity.fstype)},
                       {"direct", has_direct(report)},
                       {"file", text_or_null(report.file)},
                       {"judged_shape", report.judged},
                       {"limits", limits_json(report)},
                       {"ops", ops},
                       {"shapes", shapes},
                       {"not_run", not_run}};
  return json_line(object);
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "agent/model/label_text.h"
#include "agent/model/names.h"
#include "agent/text/verify_text.h"

namespace fusescope {
namespace {

using Json = nlohmann::ordered_json;

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
          {"shape", shape.id},
          {"requests", shape.requests},
          {"expected_requests", or_null(shape.expected)},
          {"pages_per_request", or_null(shape.pages_per_request)},
          {"bytes_per_second", shape.bytes_per_second},
          {"bytes_per_second_low", shape.bytes_per_second_low},
          {"bytes_per_second_high", shape.bytes_per_second_high},
          {"speed_up", shape.speed_up}};
}

Json op_json(const VerifiedOp& op) {
  return {{"op", name_of(op.op)},
          {"verdict", name_of(op.verdict)},
          {"cause", op.cause ? Json(name_of(*op.cause)) : Json()},
          {"remedy", op.remedy.empty() ? Json() : Json(to_label(op.remedy))}};
}

}  // namespace

std::string verify_json(const VerifyReport& report) {
  Json shapes = Json::array();
  for (const VerifiedShape& shape : report.shapes) shapes.push_back(shape_json(shape));
  Json ops = Json::array();
  for (const VerifiedOp& op : report.ops) ops.push_back(op_json(op));
  const Json object = {{"verdict", name_of(verdict_of(report))},
                       {"mountpoint", to_label(report.mount.identity.mountpoint)},
                       {"fstype", to_label(report.mount.identity.fstype)},
                       {"direct", report.is_direct},
                       {"address_in_page", report.address_in_page},
                       {"limits", limits_json(report)},
                       {"ops", ops},
                       {"shapes", shapes}};
  return object.dump() + "\n";
}

}  // namespace fusescope

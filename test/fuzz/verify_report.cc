// SPDX-License-Identifier: Apache-2.0
#include "agent/text/verify_json.h"
#include "agent/text/verify_text.h"
#include "test/fuzz/any_snapshot.h"
#include "test/fuzz/fuzz.h"
#include "test/fuzz/text_checks.h"

namespace fusescope::fuzz {
namespace {

fusescope_op any_op(Source& source) { return source.flag() ? FUSESCOPE_WRITE : FUSESCOPE_READ; }

fusescope_mode any_mode(Source& source) {
  return source.flag() ? FUSESCOPE_BUFFERED : FUSESCOPE_DIRECT;
}

VerifiedShape any_shape(Source& source) {
  VerifiedShape shape{.op = any_op(source), .mode = any_mode(source)};
  shape.id = "vectored";
  shape.title = "preadv of 256 x 4 KiB";
  shape.counted = source.number<std::uint16_t>();
  shape.requests = source.number<std::uint32_t>() / 16.0;
  if (source.flag()) shape.expected = source.number<std::uint64_t>();
  if (source.flag()) shape.pages_per_request = source.number<std::uint32_t>() / 16.0;
  shape.rounds = source.number<std::uint8_t>();
  shape.bytes_per_second = source.number<std::uint32_t>() * 1024.0;
  if (source.flag()) shape.speed_up = source.number<std::uint16_t>() / 16.0;
  return shape;
}

VerifiedOp any_verdict(Source& source) {
  VerifiedOp op{.op = any_op(source), .mode = any_mode(source)};
  if (source.flag()) op.verdict = static_cast<IoVerdict>(source.up_to(3));
  if (source.flag()) op.cause = static_cast<fusescope_cause>(source.up_to(FUSESCOPE_CAUSES - 1));
  op.remedy = source.text();
  op.reason = source.text();
  return op;
}

}  // namespace

void verify_report(std::string_view bytes) {
  Source source(bytes);
  VerifyReport report{.mount = any_mount(source), .host = any_host(source)};
  report.file = source.text();
  report.shapes = {any_shape(source), any_shape(source)};
  report.ops = {any_verdict(source)};
  report.not_run.push_back({.op = any_op(source),
                            .mode = any_mode(source),
                            .id = "single",
                            .title = "single calls of 4 KiB",
                            .reason = source.text()});
  hold_json_lines(verify_json(report));
  hold_for_terminal(verify_text(report));
}

}  // namespace fusescope::fuzz

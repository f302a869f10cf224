// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/trace_filter.h"

#include <bit>

#include "agent/model/names.h"
#include "bpf/abi/trace_abi.h"
#include "test/fuzz/fuzz.h"

namespace fusescope::fuzz {

// Options within the bounds that the command line holds them to (agent/main.cc).
void trace_filter(std::string_view bytes) {
  Source source(bytes);
  TraceOptions options;
  options.requests = source.flag();
  options.split_only = source.flag();
  options.slower_ms = source.number<std::uint32_t>() / 4.0;
  options.buffer_bytes = 4096 + source.number<std::uint32_t>() % ((1U << 30) - 4095);
  options.op = source.text();
  options.comm = source.text();
  const auto knobs = knobs_of(options);
  if (!knobs) {
    hold(knobs.error().text.starts_with("--"), "the error names the option", knobs.error().text);
    return;
  }
  hold(knobs->comm.size() < FUSESCOPE_COMM_BYTES, "a name is no longer than the kernel's");
  hold(std::has_single_bit(knobs->ring_bytes) && knobs->ring_bytes >= options.buffer_bytes,
       "the ring has a power of two, and what was asked for");
  hold(options.op.empty() == !knobs->opcodes, "an operation that is given is looked for");
  if (knobs->opcodes) {
    const auto opcode = static_cast<std::uint32_t>(std::countr_zero(knobs->opcodes));
    hold(std::has_single_bit(knobs->opcodes) && opcode_name(opcode) == options.op,
         "an operation is one opcode, of that name", options.op);
  }
}

}  // namespace fusescope::fuzz

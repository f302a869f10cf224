// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/trace_filter.h"

#include <unistd.h>

#include <algorithm>
#include <bit>

#include "agent/host/path_mounts.h"
#include "agent/host/processes.h"
#include "agent/model/names.h"
#include "bpf/abi/trace_abi.h"

namespace fusescope {
namespace {

constexpr std::uint32_t kRead = 15;  // include/uapi/linux/fuse.h
constexpr std::uint32_t kWrite = 16;

Result<void> check(const TraceOptions& options) {
  if (options.process && !is_host_pid_namespace()) {
    return std::unexpected(
        Error{"--pid: this pid namespace is not the host's, whose process ids the kernel counts "
              "by: run it in the host's (docker run --pid=host, hostPID: true)"});
  }
  if (options.comm.size() >= FUSESCOPE_COMM_BYTES) {
    return std::unexpected(Error{"--comm '" + options.comm +
                                 "': the kernel keeps 15 bytes of a name: give no more, as in "
                                 "/proc/PID/comm"});
  }
  if (options.requests && options.split_only) {
    return std::unexpected(Error{"--split-only is about calls: leave --requests out"});
  }
  return {};
}

}  // namespace

Result<std::uint64_t> opcodes_of(const std::string& op, bool requests) {
  for (std::uint32_t opcode = 0; opcode < FUSESCOPE_MAX_OPCODES; opcode++) {
    const bool is_call = opcode == kRead || opcode == kWrite;
    if (opcode_name(opcode) == op && (requests || is_call)) return std::uint64_t{1} << opcode;
  }
  const std::string which =
      requests ? "no opcode of FUSE: give one in lower case, as read, write, lookup, getattr"
               : "calls are read or write; other operations are requests: add --requests";
  return std::unexpected(Error{"--op '" + op + "': " + which});
}

Result<TraceKnobs> knobs_of(const TraceOptions& options) {
  if (auto checked = check(options); !checked) return std::unexpected(checked.error());
  TraceKnobs knobs{.requests = options.requests,
                   .split_only = options.split_only,
                   .comm = options.comm,
                   .slower_ns = static_cast<std::uint64_t>(options.slower_ms * 1e6)};
  if (options.process) {
    const auto process = process_of(options.process);
    if (!process) return std::unexpected(process.error());
    knobs.process = static_cast<std::uint32_t>(*process);
  }
  knobs.own_process = is_host_pid_namespace() ? static_cast<std::uint32_t>(getpid()) : 0;
  knobs.ring_bytes = std::bit_ceil(
      std::max(options.buffer_bytes, static_cast<std::uint32_t>(sysconf(_SC_PAGESIZE))));
  if (!options.mount.empty()) {
    const auto device = fuse_device_here(options.mount, "fusescope trace --mount");
    if (!device) {
      return std::unexpected(Error{"--mount '" + options.mount + "': " + device.error().text});
    }
    knobs.device = *device;
  }
  if (!options.op.empty()) {
    const auto opcodes = opcodes_of(options.op, options.requests);
    if (!opcodes) return std::unexpected(opcodes.error());
    knobs.opcodes = *opcodes;
  }
  return knobs;
}

}  // namespace fusescope

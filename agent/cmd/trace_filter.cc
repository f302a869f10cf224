// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/trace_filter.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <filesystem>

#include "agent/host/processes.h"
#include "agent/host/procfs.h"
#include "agent/model/names.h"
#include "bpf/trace_abi.h"

namespace fusescope {
namespace {

constexpr std::uint32_t kRead = 15;  // include/uapi/linux/fuse.h
constexpr std::uint32_t kWrite = 16;

// "/a" is a prefix of "/a" and "/a/b", not of "/ab".
bool is_under(const std::string& path, const std::string& folder) {
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// Absolute and without "." and "..", by its text alone. getcwd(2) looks nothing up.
std::string absolute(const std::string& path) {
  std::filesystem::path full = path;
  if (full.is_relative()) full = std::filesystem::current_path() / full;
  std::string text = full.lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

Result<std::uint32_t> device_of_mount(const std::string& path) {
  const auto text = read_procfs("/proc/self/mountinfo");
  if (!text) return std::unexpected(text.error());
  return device_of_path(absolute(path), parse_mountinfo(*text));
}

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

Result<std::uint32_t> device_of_path(const std::string& path, const MountTable& table) {
  const Mount* found = nullptr;
  for (const Mount& mount : table.mounts) {
    if (!is_under(path, mount.mountpoint)) continue;
    if (!found || mount.mountpoint.size() >= found->mountpoint.size()) found = &mount;
  }
  if (!found || !is_fuse(found->fstype)) {
    return std::unexpected(Error{"--mount '" + path +
                                 "': not on a FUSE mount: see 'findmnt -t fuse,fuseblk,virtiofs' "
                                 "and its subtypes"});
  }
  return kernel_device(found->major, found->minor);
}

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
    const auto device = device_of_mount(options.mount);
    if (!device) return std::unexpected(device.error());
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

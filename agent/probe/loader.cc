// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/loader.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "agent/base/unique_fd.h"
#include "agent/probe/libbpf_log.h"
#include "agent/probe/return_probe.h"
#include "bpf/abi/abi.h"
#include "fusescope_bpf.skel.h"

namespace fusescope {
namespace {

constexpr const char* kFuseBtf = "/sys/kernel/btf/fuse";  // where FUSE is a module

// Whether a program may read the kernel's memory: not under lockdown=confidentiality. The user's
// memory may be read even then, but libbpf takes such a kernel for an old one that does not tell
// the two apart, and makes every program that reads either read both alike.
bool allows_probe_reads() {
  constexpr std::array kReadsAnAddress = {
      bpf_insn{BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_10, 0, 0},
      bpf_insn{BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_1, 0, 0, -8},
      bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, 8},
      bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, 0},
      bpf_insn{BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_probe_read_kernel},
      bpf_insn{BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  const UniqueFd program(bpf_prog_load(BPF_PROG_TYPE_TRACEPOINT, nullptr, "GPL",
                                       kReadsAnAddress.data(), kReadsAnAddress.size(), nullptr));
  return static_cast<bool>(program);
}

template <typename Constants>
void set_trace(Constants& constants, const TraceKnobs& knobs) {
  constants.traces = true;
  constants.trace_requests = knobs.requests;
  constants.trace_split_only = knobs.split_only;
  constants.trace_device = knobs.device;
  constants.trace_process = knobs.process;
  constants.trace_own_process = knobs.own_process;
  constants.trace_opcodes = knobs.opcodes;
  constants.trace_slower_ns = knobs.slower_ns;
  std::memcpy(constants.trace_comm, knobs.comm.data(),
              std::min(knobs.comm.size(), sizeof(constants.trace_comm)));
}

Result<Skeleton> open_skeleton(const Knobs& knobs) {
  LIBBPF_OPTS(bpf_object_open_opts, options);
  // Naming the file keeps libbpf from walking all module BTFs, which needs CAP_SYS_ADMIN.
  if (access(kFuseBtf, F_OK) != 0) options.btf_custom_path = kKernelBtf;
  Skeleton skeleton(fusescope_bpf::open(&options));
  if (!skeleton) return std::unexpected(errno_error("open the BPF object", errno));
  auto& constants = *skeleton->rodata;
  constants.page_shift =
      static_cast<__u32>(std::countr_zero(static_cast<unsigned long>(sysconf(_SC_PAGESIZE))));
  constants.calls_are_hooked = knobs.calls_are_hooked;
  constants.calls_by_thread_id = knobs.calls_by_thread_id;
  constants.blocked_is_hooked = knobs.blocked_is_hooked;
  constants.follows_processes = knobs.follows_processes;
  if (knobs.trace) set_trace(constants, *knobs.trace);
  constants.counts_processes = knobs.counts_processes;
  constants.tells_requesters =
      knobs.follows_processes || knobs.counts_processes || knobs.trace.has_value();
  static const bool kAllowsProbeReads = allows_probe_reads();
  constants.user_memory_is_readable = kAllowsProbeReads;
  skeleton->data->host_request_bytes = knobs.host_request_bytes;
  return skeleton;
}

bool uses_task_storage(const std::string& program) {
  return program == kStorageCheck || has_typed_pointers(program);
}

void size_trace(const Skeleton& skeleton, const std::optional<TraceKnobs>& knobs) {
  auto& maps = skeleton->maps;
  bpf_map__set_autocreate(maps.trace_ring, knobs.has_value());
  if (knobs) {
    bpf_map__set_max_entries(maps.trace_ring, knobs->ring_bytes);
    return;
  }
  for (bpf_map* map : {maps.traced_requests, maps.traced_calls}) {
    bpf_map__set_max_entries(map, 1);
  }
}

void size_maps(const Skeleton& skeleton, const std::vector<std::string>& programs,
               const Knobs& knobs) {
  auto& maps = skeleton->maps;
  // Task storage, which older kernels do not have, is for programs with typed pointers.
  bpf_map__set_autocreate(maps.calls_of_task, std::ranges::any_of(programs, uses_task_storage));
  const auto cpus = static_cast<__u32>(libbpf_num_possible_cpus());
  bpf_map__set_max_entries(maps.mount_stats, FUSESCOPE_MOUNT_ROWS * cpus);
  bpf_map__set_max_entries(maps.durations, FUSESCOPE_DURATION_ROWS * cpus);
  if (!knobs.calls_by_thread_id) bpf_map__set_max_entries(maps.calls_of_thread, 1);
  if (!knobs.calls_are_hooked) bpf_map__set_max_entries(maps.suspended_calls, 1);
  if (!knobs.blocked_is_hooked) bpf_map__set_max_entries(maps.blocked_threads, 1);
  if (!knobs.follows_processes) bpf_map__set_max_entries(maps.followed_processes, 1);
  if (!knobs.calls_are_hooked && !skeleton->rodata->tells_requesters) {
    bpf_map__set_max_entries(maps.backgrounds, 1);
  }
  if (!knobs.counts_processes) bpf_map__set_max_entries(maps.process_stats, 1);
  size_trace(skeleton, knobs.trace);
  if (!knobs.is_dry_run) return;
  for (bpf_map* map :
       {maps.inflight, maps.calls, maps.error_rows, maps.blocked_threads, maps.duration_rows,
        maps.durations, maps.mount_stats, maps.calls_of_thread, maps.suspended_calls,
        maps.backgrounds, maps.guarded_words, maps.followed_processes, maps.traced_requests,
        maps.traced_calls, maps.process_stats, maps.listed}) {
    bpf_map__set_max_entries(map, 1);
  }
}

bool is_return_probe(const bpf_program* program) {
  return std::string_view(bpf_program__section_name(program)).starts_with("kretprobe/");
}

// An iterator over the elements of a map: the rows of the connections.
bool walks_connections(const bpf_program* program) {
  return std::string_view(bpf_program__section_name(program)) == "iter/bpf_map_elem";
}

bpf_link* attach_to_connections(const Skeleton& skeleton, const bpf_program* program) {
  bpf_iter_link_info map{};
  map.map.map_fd = static_cast<__u32>(bpf_map__fd(skeleton->maps.connections));
  LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &map, .link_info_len = sizeof(map));
  return bpf_program__attach_iter(program, &options);
}

// The program that a refusal is about; none where it is a function that programs share.
std::string named_of(const std::string& logged, const std::vector<std::string>& programs) {
  return std::ranges::find(programs, logged) == programs.end() ? "" : logged;
}

}  // namespace

void SkeletonDeleter::operator()(fusescope_bpf* skeleton) const {
  fusescope_bpf::destroy(skeleton);
}

void LinkDeleter::operator()(bpf_link* link) const {
  bpf_link__destroy(link);
  if (events) remove_return_probe(*events, event);
}

std::expected<Skeleton, Refusals> load(const std::vector<std::string>& programs,
                                       const Knobs& knobs) {
  auto skeleton = open_skeleton(knobs);
  if (!skeleton) return std::unexpected(Refusals{{"", skeleton.error().text}});
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, (*skeleton)->obj) {
    const bool wanted = std::ranges::find(programs, bpf_program__name(program)) != programs.end();
    bpf_program__set_autoload(program, wanted);
  }
  size_maps(*skeleton, programs, knobs);
  const LibbpfLog log;
  if (const int error = fusescope_bpf::load(skeleton->get())) {
    return std::unexpected(Refusals{
        {named_of(log.program(), programs), errno_error("load", -error, log.reason()).text}});
  }
  return std::move(*skeleton);
}

Result<Link> attach(const Skeleton& skeleton, const std::string& name) {
  const LibbpfLog log;
  bpf_program* program = bpf_object__find_program_by_name(skeleton->obj, name.c_str());
  if (is_return_probe(program)) return attach_return_probe(*program);
  Link link(walks_connections(program) ? attach_to_connections(skeleton, program)
                                       : bpf_program__attach(program));
  if (!link) return std::unexpected(errno_error("attach", errno, log.reason()));
  return link;
}

bool has_task_storage(const Skeleton& skeleton) {
  LIBBPF_OPTS(bpf_test_run_opts, options);
  const int program = bpf_program__fd(skeleton->progs.check_task_storage);
  return bpf_prog_test_run_opts(program, &options) == 0 && options.retval == 1;
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/session.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <map>
#include <string>

#include "agent/probe/hooks.h"
#include "agent/probe/libbpf_log.h"
#include "fusescope_bpf.skel.h"

namespace fusescope {
namespace {

constexpr const char* kKernelBtf = "/sys/kernel/btf/vmlinux";

// Programs that user space runs itself, whatever the hooks.
constexpr const char* kDeviceList = "list_devices";
constexpr const char* kObservers[] = {"settle_calls", kDeviceList};

Result<Skeleton> open_skeleton() {
  // Naming the file keeps libbpf from walking all module BTFs, which needs CAP_SYS_ADMIN.
  LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = kKernelBtf);
  Skeleton skeleton(fusescope_bpf::open(&options));
  if (!skeleton) return std::unexpected(errno_error("open the BPF object", errno));
  skeleton->rodata->page_shift =
      static_cast<__u32>(std::countr_zero(static_cast<unsigned long>(sysconf(_SC_PAGESIZE))));
  return skeleton;
}

// Loads only the given programs.
Result<Skeleton> load(const std::vector<std::string>& programs) {
  auto skeleton = open_skeleton();
  if (!skeleton) return skeleton;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, (*skeleton)->obj) {
    const bool wanted = std::ranges::find(programs, bpf_program__name(program)) != programs.end();
    bpf_program__set_autoload(program, wanted);
  }
  const LibbpfLog log;
  if (const int error = fusescope_bpf::load(skeleton->get())) {
    return std::unexpected(errno_error("load", -error, log.reason()));
  }
  return skeleton;
}

Result<void> attach(const Skeleton& skeleton, const std::string& name) {
  const LibbpfLog log;
  bpf_program* program = bpf_object__find_program_by_name(skeleton->obj, name.c_str());
  bpf_link* link = bpf_program__attach(program);
  if (!link) return std::unexpected(errno_error("attach", errno, log.reason()));
  // The skeleton's own table of links is destroyed with it.
  for (int i = 0; i < skeleton->skeleton->prog_cnt; i++) {
    const bpf_prog_skeleton& entry = skeleton->skeleton->progs[i];
    if (*entry.prog == program) *entry.link = link;
  }
  return {};
}

// Why an alternative cannot be used here, if so.
Result<void> try_alternative(const std::string& program) {
  const auto trial = load({program});
  if (!trial) return std::unexpected(trial.error());
  return attach(*trial, program);
}

HookStatus choose(Role role, std::map<std::string, Result<void>>& trials) {
  HookStatus status{.role = std::string(role_name(role)),
                    .program = "",
                    .mode = "",
                    .reason = "no hook of this release"};
  for (const HookAlternative& alternative : hook_alternatives()) {
    if (alternative.role != role) continue;
    const std::string program(alternative.program);
    const auto [trial, is_new] = trials.try_emplace(program);
    if (is_new) trial->second = try_alternative(program);
    if (trial->second) {
      status.program = program;
      status.mode = alternative.mode;
      status.reason.clear();
      return status;
    }
    status.reason = std::string(alternative.needs) + ": " + trial->second.error().text;
  }
  return status;
}

Result<void> check_kernel() {
  if (access(kKernelBtf, R_OK) != 0) {
    return std::unexpected(errno_error(
        std::string("read ") + kKernelBtf, errno,
        "this kernel does not describe its types: use one built with CONFIG_DEBUG_INFO_BTF"));
  }
  LIBBPF_OPTS(bpf_map_create_opts, options);
  const int map = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "fusescope_trial", sizeof(__u32),
                                 sizeof(__u64), 1, &options);
  if (map < 0) {
    return std::unexpected(
        errno_error("create a BPF map", errno, "run as root, or with CAP_BPF and CAP_PERFMON"));
  }
  close(map);
  return {};
}

}  // namespace

void SkeletonDeleter::operator()(fusescope_bpf* skeleton) const {
  fusescope_bpf::destroy(skeleton);
}

Result<Session> Session::start() {
  if (auto kernel = check_kernel(); !kernel) return std::unexpected(kernel.error());

  std::map<std::string, Result<void>> trials;
  std::vector<HookStatus> hooks;
  std::vector<std::string> programs(std::begin(kObservers), std::end(kObservers));
  for (const Role role : all_roles()) {
    hooks.push_back(choose(role, trials));
    const HookStatus& status = hooks.back();
    if (!status.program.empty()) programs.push_back(status.program);
    if (status.program.empty() && is_required(role)) {
      return std::unexpected(Error{"hook requests " + status.role + ": " + status.reason +
                                   ": this kernel has no usable hook"});
    }
  }
  auto skeleton = load(programs);
  if (!skeleton) return std::unexpected(Error{"BPF programs: " + skeleton.error().text});
  trials.try_emplace(kDeviceList);
  for (const auto& [program, trial] : trials) {
    if (!trial) continue;
    if (auto attached = attach(*skeleton, program); !attached) {
      return std::unexpected(Error{"BPF program " + program + ": " + attached.error().text});
    }
  }
  return Session(std::move(*skeleton), std::move(hooks));
}

}  // namespace fusescope

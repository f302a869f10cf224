// SPDX-License-Identifier: Apache-2.0
// Attaches empty programs to the agent's hooks and has the kernel keep run statistics of all BPF
// programs. Prints "ready", then a JSON line with what each empty program cost for every line that
// it reads. Ends with its input.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "agent/base/unique_fd.h"
#include "empty_hooks.skel.h"

namespace {

struct Destroy {
  void operator()(empty_hooks* skeleton) const { empty_hooks::destroy(skeleton); }
};

nlohmann::json statistics(bpf_object* object) {
  nlohmann::json programs;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object) {
    bpf_prog_info info{};
    __u32 size = sizeof(info);
    if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) != 0) continue;
    programs[bpf_program__name(program)] = {{"runs", info.run_cnt}, {"ns", info.run_time_ns}};
  }
  return programs;
}

}  // namespace

int main() {
  const std::unique_ptr<empty_hooks, Destroy> skeleton(empty_hooks::open_and_load());
  if (!skeleton || empty_hooks::attach(skeleton.get()) != 0) {
    std::fprintf(stderr, "empty_hooks: attach: run as root, on Linux 6.12 or later\n");
    return 2;
  }
  const fusescope::UniqueFd keep_statistics(bpf_enable_stats(BPF_STATS_RUN_TIME));
  if (!keep_statistics) {
    std::perror("empty_hooks: enable run statistics");
    return 2;
  }
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << statistics(skeleton->obj).dump() << std::endl;
  }
  return 0;
}

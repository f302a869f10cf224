// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/followed.h"

#include <bpf/libbpf.h>

#include <string>

#include "fusescope_bpf.skel.h"

namespace fusescope {

Result<void> Followed::follow(pid_t process) {
  const auto key = static_cast<__u64>(process);
  const __u32 is_followed = 1;
  const int error = bpf_map__update_elem(session_.skeleton().maps.followed_processes, &key,
                                         sizeof(key), &is_followed, sizeof(is_followed), BPF_ANY);
  if (error)
    return std::unexpected(errno_error("follow process " + std::to_string(process), -error));
  return {};
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/privileges.h"

#include <sys/capability.h>
#include <sys/prctl.h>

#include <cerrno>
#include <thread>
#include <vector>

#include "agent/base/capability_state.h"

namespace fusescope {
namespace {

bool is_permitted(cap_value_t capability) {
  const CapabilityState now(cap_get_proc());
  cap_flag_value_t value = CAP_CLEAR;
  return now && cap_get_flag(now.get(), capability, CAP_PERMITTED, &value) == 0 && value == CAP_SET;
}

// Those to be kept that the process has.
std::vector<cap_value_t> kept_values(Kept kept) {
  std::vector<cap_value_t> values;
  if (is_permitted(CAP_SYS_PTRACE)) values.push_back(CAP_SYS_PTRACE);
  if (kept.cap_bpf && is_permitted(CAP_BPF)) values.push_back(CAP_BPF);
  return values;
}

}  // namespace

Result<void> drop_privileges(Kept kept) {
  const CapabilityState keep(cap_init());
  if (!keep) return std::unexpected(errno_error("drop capabilities", errno));
  const auto values = kept_values(kept);
  if (!values.empty()) {
    const auto count = static_cast<int>(values.size());
    cap_set_flag(keep.get(), CAP_PERMITTED, count, values.data(), CAP_SET);
    cap_set_flag(keep.get(), CAP_EFFECTIVE, count, values.data(), CAP_SET);
  }
  if (cap_set_proc(keep.get()) != 0) {
    return std::unexpected(errno_error("drop capabilities", errno));
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return std::unexpected(errno_error("set no_new_privs", errno));
  }
  return {};
}

Result<void> run_without_privileges(Kept kept, const std::function<Result<void>()>& action) {
  Result<void> result;
  // Capabilities are a thread's own: capabilities(7).
  std::thread thread([&] {
    result = drop_privileges(kept);
    if (result) result = action();
  });
  thread.join();
  return result;
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/privileges.h"

#include <sys/capability.h>
#include <sys/prctl.h>

#include <array>
#include <cerrno>
#include <memory>

namespace fusescope {
namespace {

struct FreeCapabilities {
  void operator()(cap_t capabilities) const { cap_free(capabilities); }
};
using Capabilities = std::unique_ptr<std::remove_pointer_t<cap_t>, FreeCapabilities>;

bool is_permitted(cap_value_t capability) {
  const Capabilities now(cap_get_proc());
  cap_flag_value_t value = CAP_CLEAR;
  return now && cap_get_flag(now.get(), capability, CAP_PERMITTED, &value) == 0 && value == CAP_SET;
}

}  // namespace

Result<void> drop_privileges() {
  const Capabilities keep(cap_init());
  const std::array kept = {cap_value_t{CAP_SYS_PTRACE}};
  if (keep && is_permitted(kept[0])) {
    cap_set_flag(keep.get(), CAP_PERMITTED, kept.size(), kept.data(), CAP_SET);
    cap_set_flag(keep.get(), CAP_EFFECTIVE, kept.size(), kept.data(), CAP_SET);
  }
  if (!keep || cap_set_proc(keep.get()) != 0) {
    return std::unexpected(errno_error("drop capabilities", errno));
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return std::unexpected(errno_error("set no_new_privs", errno));
  }
  return {};
}

}  // namespace fusescope

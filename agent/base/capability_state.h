// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/capability.h>

#include <memory>
#include <type_traits>

namespace fusescope {

struct FreeCapabilities {
  void operator()(cap_t state) const { cap_free(state); }
};

// Owns what cap_init() or cap_get_proc() gave; null where they failed.
using CapabilityState = std::unique_ptr<std::remove_pointer_t<cap_t>, FreeCapabilities>;

}  // namespace fusescope

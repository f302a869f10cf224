// SPDX-License-Identifier: Apache-2.0
#include "agent/model/mount_look.h"

#include <utility>

namespace fusescope {

MountLook look_at(const MountSnapshot& mount, const Recent& recent, const HostLimits& host,
                  const StateRule& rule) {
  MountLook look = {.seconds = {}, .counted = mount};
  if (auto window = recent.window_of(mount)) {
    look.seconds = window->seconds;
    look.counted.counters = std::move(window->counters);
  }
  look.judgements = judge(look.counted, host);
  look.judged = worst(look.judgements);
  look.finding =
      state_of({.mount = look.counted, .seconds = look.seconds.value_or(0)}, look.judged, rule);
  return look;
}

}  // namespace fusescope

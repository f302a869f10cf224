// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/verify_watch.h"

#include <algorithm>
#include <string>

#include "agent/model/losses.h"
#include "agent/text/format.h"

namespace fusescope {

Error uncounted(const std::string& what) {
  return Error{"count the requests: " + what +
               ": try again, or with other hooks (--hooks, see 'fusescope doctor')"};
}

Result<MountSnapshot> VerifyWatch::now() {
  auto snapshot = counts_.collect();
  if (!snapshot) return std::unexpected(snapshot.error());
  const auto losses = losses_of(snapshot->self);
  if (!losses.empty()) return std::unexpected(uncounted("lost events: " + counts_text(losses)));
  const auto found = std::ranges::find(
      snapshot->mounts, device_, [](const MountSnapshot& mount) { return mount.identity.device; });
  if (found == snapshot->mounts.end() || !found->limits || !found->limits->initialized) {
    return std::unexpected(uncounted("this mount's requests are not seen"));
  }
  return std::move(*found);
}

Result<MountSnapshot> VerifyWatch::look() {
  auto mount = now();
  if (!mount) return mount;
  Counters since = difference(mount->counters, before_);
  before_ = std::exchange(mount->counters, std::move(since));
  return mount;
}

bool VerifyWatch::has_waited(std::chrono::nanoseconds time) {
  const auto mount = now();
  return !mount || (mount->in_flight && std::chrono::nanoseconds(mount->oldest_age_ns) >= time);
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/observe/observation.h"

#include <utility>

#include "agent/host/fuse_module.h"
#include "agent/host/host_limits.h"
#include "agent/host/kernel.h"

namespace fusescope {

Result<std::unique_ptr<Observation>> Observation::start(const ObservationOptions& options) {
  if (!fuse_module().present) {
    return std::unexpected(Error{"FUSE is not loaded, so nothing can be counted: modprobe fuse"});
  }
  auto session = Session::start(options.hooks, skip_risk_of(read_kernel()), read_host_limits(),
                                options.scope, options.trace);
  if (!session) return std::unexpected(session.error());
  std::unique_ptr<Observation> started(new Observation(std::move(*session)));
  auto reader = Reader::open(started->session_);
  if (!reader) return std::unexpected(reader.error());
  started->reader_.emplace(std::move(*reader));
  started->collector_.emplace(started->session_, *started->reader_, options.processes,
                              options.walker);
  return started;
}

}  // namespace fusescope

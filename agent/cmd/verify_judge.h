// SPDX-License-Identifier: Apache-2.0
// What was counted of one shape, as a row and as a verdict. Pure.
#pragma once

#include "agent/model/verify_report.h"
#include "agent/verify/shapes.h"

namespace fusescope {

// `counted` holds the counters of this shape alone, done so many times.
VerifiedShape verified_shape(fusescope_op op, fusescope_mode mode, const IoShape& shape,
                             std::uint32_t times, const MountSnapshot& counted,
                             const HostLimits& host);

// The verdict on those counters; idle if no call made a request.
VerifiedOp verified_op(fusescope_op op, fusescope_mode mode, const MountSnapshot& counted,
                       const HostLimits& host);

}  // namespace fusescope

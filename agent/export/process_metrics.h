// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

namespace fusescope {

// The standard process_* families of this process, from /proc/self. What cannot be read is absent.
std::vector<prometheus::MetricFamily> process_families();

}  // namespace fusescope

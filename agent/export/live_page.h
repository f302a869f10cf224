// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/export/router.h"

namespace fusescope {

// The routes of the live page: "/", "/page.css" and "/page.js". It asks "/api/mounts" for its data,
// which is the caller's to add. `version` and `metrics_path` are escaped.
Routes live_page_routes(const std::string& version, const std::string& metrics_path);

// Text made safe between HTML tags and in quoted attributes.
std::string escape_html(const std::string& text);

}  // namespace fusescope

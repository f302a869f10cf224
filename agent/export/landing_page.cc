// SPDX-License-Identifier: Apache-2.0
#include "agent/export/landing_page.h"

namespace fusescope {

std::string escape_html(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

std::string landing_page(const std::string& version, const std::string& metrics_path) {
  return R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>fusescope</title>
<style>
:root { color-scheme: light dark; font-family: system-ui, sans-serif; }
body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; line-height: 1.5; }
</style>
</head>
<body>
<h1>fusescope</h1>
<p>Shows whether I/O on this host's FUSE mounts is split into more requests than it needs.
Version )" +
         escape_html(version) +
         R"(.</p>
<ul>
<li><a href=")" +
         escape_html(metrics_path) + R"(">Metrics</a> for Prometheus</li>
<li><a href="/-/healthy">Healthy</a>: the process runs</li>
<li><a href="/-/ready">Ready</a>: the hooks are attached</li>
</ul>
</body>
</html>
)";
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/export/live_page.h"

#include "agent/export/page_files.h"

namespace fusescope {
namespace {

// Nothing but the page's own files, and its data.
constexpr const char* kPolicy =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string filled(std::string text, const std::string& placeholder, const std::string& value) {
  const std::string escaped = escape_html(value);
  for (auto at = text.find(placeholder); at != std::string::npos;
       at = text.find(placeholder, at + escaped.size())) {
    text.replace(at, placeholder.size(), escaped);
  }
  return text;
}

// The files change with the program: they are not kept without being asked for again.
Route file_route(const char* content_type, const std::string& body) {
  HttpResponse response = {.content_type = content_type,
                           .body = body,
                           .headers = {{"Content-Security-Policy", kPolicy},
                                       {"X-Content-Type-Options", "nosniff"},
                                       {"Referrer-Policy", "no-referrer"},
                                       {"Cache-Control", "no-cache"}}};
  return {.handler = "page",
          .respond = [response = std::move(response)](const HttpRequest&) { return response; }};
}

}  // namespace

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

Routes live_page_routes(const std::string& version, const std::string& metrics_path) {
  std::string page = filled(std::string(kPageHtml), "{{version}}", version);
  page = filled(std::move(page), "{{metrics_path}}", metrics_path);
  Routes routes;
  routes["/"] = file_route("text/html; charset=utf-8", page);
  routes["/page.css"] = file_route("text/css; charset=utf-8", std::string(kPageStyle));
  routes["/page.js"] = file_route("text/javascript; charset=utf-8", std::string(kPageScript));
  return routes;
}

}  // namespace fusescope

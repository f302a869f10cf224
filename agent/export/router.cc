// SPDX-License-Identifier: Apache-2.0
#include "agent/export/router.h"

#include <strings.h>

#include <algorithm>
#include <utility>

#include "agent/base/exceptions.h"
#include "agent/base/list_text.h"
#include "agent/export/gzip.h"

namespace fusescope {

std::string HttpRequest::header(std::string_view name) const {
  std::string joined;
  for (const HttpHeader& header : headers) {
    if (::strcasecmp(header.name.c_str(), std::string(name).c_str()) != 0) continue;
    add_to_list(joined, header.value);
  }
  return joined;
}

HttpResponse Router::respond(std::string_view method, const HttpRequest& request,
                             const Refuse& refuse) {
  const Route* route = route_of(request.path);
  HttpResponse response;
  const auto thrown = exception_of([&] {
    auto refusal = refuse ? refuse(request) : std::nullopt;
    response = refusal ? std::move(*refusal) : answer(route, method, request);
  });
  if (thrown) {
    note_exception("answer " + request.path, *thrown);
    response = {.status = 500, .body = "Internal Server Error: see the agent's log\n"};
  }
  count(route, response.status);
  return response;
}

void Router::note_exception(const std::string& operation, const std::string& reason) {
  ++exceptions_;
  log_(operation + ": " + reason);
}

const Route* Router::route_of(std::string_view path) const {
  const auto found = routes_.find(path);
  return found == routes_.end() ? nullptr : &found->second;
}

void Router::count(const Route* route, unsigned status) {
  const std::lock_guard lock(mutex_);
  ++counts_[{route == nullptr ? "other" : route->handler, status}];
}

RequestCounts Router::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

HttpResponse Router::answer(const Route* route, std::string_view method,
                            const HttpRequest& request) const {
  if (route == nullptr) return {.status = 404, .body = "Not Found\n"};
  if (method != "GET" && method != "HEAD") {
    return {.status = 405, .body = "Method Not Allowed\n", .headers = {{"Allow", "GET, HEAD"}}};
  }
  HttpResponse response = route->respond(request);
  compress(response, request.gzip_accepted);
  return response;
}

void Router::compress(HttpResponse& response, bool accepted) const {
  if (response.body.size() <= uncompressed_bytes_) return;
  response.headers.push_back({"Vary", "Accept-Encoding"});
  const auto is_coded = [](const HttpHeader& each) { return each.name == "Content-Encoding"; };
  if (!accepted || std::ranges::any_of(response.headers, is_coded)) return;
  if (auto compressed = gzip_compress(response.body)) {
    response.body = std::move(*compressed);
    response.headers.push_back({"Content-Encoding", "gzip"});
  }
}

}  // namespace fusescope

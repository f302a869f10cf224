// SPDX-License-Identifier: Apache-2.0
// Requests and responses, and who answers which: no sockets, no library.
#pragma once

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fusescope {

struct HttpHeader {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string path;  // without the query, percent escapes undone
  std::vector<HttpHeader> headers = {};
  bool gzip_accepted = false;

  // The values of the headers of that name, in any letter case, joined with ", "; empty if there
  // is none.
  [[nodiscard]] std::string header(std::string_view name) const;
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<HttpHeader> headers = {};  // beside those that the server adds by itself
};

struct Route {
  std::string handler;  // names the route in the counts
  // Called on the server's thread, for one request at a time. While it runs no other request is
  // answered, so it must not wait on anything that may hang. Whatever it throws becomes status 500.
  std::function<HttpResponse(const HttpRequest&)> respond;
};

// By exact path, e.g. "/metrics".
using Routes = std::map<std::string, Route, std::less<>>;

// Told of each failure, as one line without a newline. Called on the server's thread, and by
// listen() on the caller's. Must not throw.
using HttpLog = std::function<void(std::string)>;

struct RequestKey {
  std::string handler;  // Route::handler, or "other" for a path without a route
  unsigned status = 0;
  auto operator<=>(const RequestKey&) const = default;
};

// The answer to a request that is not let in; nothing lets it in.
using Refuse = std::function<std::optional<HttpResponse>(const HttpRequest&)>;

using RequestCounts = std::map<RequestKey, std::uint64_t>;

// Turns requests into responses, and counts them. Thread-safe once the routes are set.
class Router {
 public:
  // A body longer than `uncompressed_bytes` is compressed where the client accepts that, unless its
  // route has done so. The log must not be empty.
  Router(std::size_t uncompressed_bytes, HttpLog log)
      : uncompressed_bytes_(uncompressed_bytes), log_(std::move(log)) {}

  // Only before the first request.
  void set_routes(Routes routes) { routes_ = std::move(routes); }

  // What `refuse` says; else status 404 for a path without a route, 405 for a method other than GET
  // and HEAD. 500 if any of it throws, which is counted and told in the log. The response to HEAD
  // has its body too: leaving it out is the server's part.
  HttpResponse respond(std::string_view method, const HttpRequest& request,
                       const Refuse& refuse = {});

  // Counts an exception, and tells it in the log.
  void note_exception(const std::string& operation, const std::string& reason);
  [[nodiscard]] std::uint64_t exceptions() const { return exceptions_; }

  // The requests answered so far.
  [[nodiscard]] RequestCounts counts() const;

 private:
  // Null for a path without one.
  [[nodiscard]] const Route* route_of(std::string_view path) const;
  HttpResponse answer(const Route* route, std::string_view method,
                      const HttpRequest& request) const;
  void compress(HttpResponse& response, bool accepted) const;
  void count(const Route* route, unsigned status);

  const std::size_t uncompressed_bytes_;
  const HttpLog log_;
  Routes routes_;
  std::atomic<std::uint64_t> exceptions_ = 0;
  mutable std::mutex mutex_;
  RequestCounts counts_;
};

}  // namespace fusescope

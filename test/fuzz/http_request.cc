// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <stdexcept>
#include <vector>

#include "agent/export/gate.h"
#include "agent/export/gzip.h"
#include "agent/export/router.h"
#include "test/fuzz/fuzz.h"
#include "test/fuzz/text_checks.h"

namespace fusescope::fuzz {
namespace {

// bcrypt of "secret", of the lowest cost.
const std::string kHash = "$2b$04$O9YPJLtCsSrg1KPUTxU6l.5odvMUkB5wWGQd1z3iOm032JFD6Rw4K";
constexpr std::string_view kAliceSecret = "YWxpY2U6c2VjcmV0";  // base64 of "alice:secret"

struct Received {
  std::string method;
  HttpRequest request;
};

// "GET /path" and then "Name: value" on each line; as the library of HTTP hands it over, no text
// has a NUL in it.
Received received(std::string_view bytes) {
  Source lines(bytes.substr(0, bytes.find('\0')));
  Source first(lines.until("\n"));
  Received made{.method = std::string(first.until(" ")),
                .request = {.path = std::string(first.rest())}};
  while (!lines.empty()) {
    Source line(lines.until("\n"));
    const std::string name(line.until(": "));
    made.request.headers.push_back({name, std::string(line.rest())});
  }
  made.request.gzip_accepted = accepts_gzip(made.request.header("Accept-Encoding"));
  return made;
}

void hold_sendable(const HttpResponse& response) {
  for (const HttpHeader& header : response.headers) {
    hold(!has_control_characters(header.name + header.value) && !header.value.contains('\n'),
         "a header of an answer is one line", header.value);
  }
}

// Whether the only credentials that are right are there, however they are broken into lines.
bool has_right_credentials(const HttpRequest& request) {
  std::string word = request.header("Authorization");
  std::erase_if(word, [](char c) { return std::string_view(" \t\r\n\v\f").contains(c); });
  return word.size() == kAliceSecret.size() + 5 && word.ends_with(kAliceSecret);
}

void try_gate(const HttpRequest& request) {
  const Gate::Clock::time_point now(std::chrono::hours(1));
  Gate gate(WebConfig{.users = {{"alice", kHash}}});
  if (const auto refusal = gate.refuse(request, "192.0.2.1", now)) {
    hold(refusal->status == 401 || refusal->status == 429, "a refusal is 401 or 429");
    hold_sendable(*refusal);
  } else {
    hold(has_right_credentials(request), "nobody is let in without the password",
         request.header("Authorization"));
  }
}

void try_router(const Received& from) {
  std::vector<std::string> log;
  Router router(16, [&](std::string line) { log.push_back(std::move(line)); });
  const auto answer = [](const HttpRequest&) { return HttpResponse{.body = std::string(99, 'm')}; };
  const auto fail = [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("none"); };
  router.set_routes(
      {{"/", {"page", answer}}, {"/metrics", {"metrics", answer}}, {"/bad", {"bad", fail}}});
  const HttpResponse response = router.respond(from.method, from.request);
  hold_sendable(response);
  const bool is_read = from.method == "GET" || from.method == "HEAD";
  const bool is_page = from.request.path == "/" || from.request.path == "/metrics";
  hold((response.status == 200) == (is_read && is_page), "only a page is answered with 200");
  const RequestCounts counts = router.counts();
  hold(counts.size() == 1 && counts.begin()->second == 1, "each request is counted once");
  hold(counts.begin()->first.status == response.status, "and by its status");
  for (const std::string& line : log) hold(!line.contains('\n'), "the log has one line", line);
}

}  // namespace

void http_request(std::string_view bytes) {
  const Received from = received(bytes);
  try_gate(from.request);
  try_router(from);
}

}  // namespace fusescope::fuzz

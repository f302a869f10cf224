// SPDX-License-Identifier: Apache-2.0
#include "agent/export/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <memory>

#include "agent/base/unique_fd.h"
#include "test/fuzz/fuzz.h"

namespace fusescope::fuzz {
namespace {

constexpr std::size_t kInputsBetweenChecks = 64;
constexpr std::string_view kBody = "let in";
const std::string kHash = "$2b$04$O9YPJLtCsSrg1KPUTxU6l.5odvMUkB5wWGQd1z3iOm032JFD6Rw4K";
constexpr std::string_view kRightRequest =
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    "Authorization: Basic YWxpY2U6c2VjcmV0\r\n\r\n";
constexpr timeval kNoMoreComes{.tv_sec = 0, .tv_usec = 5000};
constexpr timeval kAnswerComes{.tv_sec = 10, .tv_usec = 0};

std::unique_ptr<HttpServer> started() {
  HttpOptions options = {.listen_addresses = {"127.0.0.1:0"}};
  options.web.users = {{"alice", kHash}};
  options.web.rate_limit = RateLimit{};
  const auto answer = [](const HttpRequest&) { return HttpResponse{.body = std::string(kBody)}; };
  auto server = HttpServer::start(std::move(options), {{"/", {"page", answer}}});
  hold(server.has_value(), "the server starts");
  return std::move(*server);
}

UniqueFd connected(std::uint16_t port) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int status =
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  hold(status == 0, "the server takes a connection");
  // No ports in TIME_WAIT, of which there are 28,000.
  const linger none{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
  return socket;
}

// What comes back until the server closes the connection, or nothing has come for so long: it waits
// for more of a request that has no end.
std::string answer_to(std::string_view bytes, std::uint16_t port, const timeval& longest) {
  const UniqueFd socket = connected(port);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
  ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  std::string answer;
  std::array<char, 4096> buffer{};
  for (ssize_t count = 0; (count = ::recv(socket.get(), buffer.data(), buffer.size(), 0)) > 0;) {
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return answer;
}

}  // namespace

// What one client sends on a connection.
void http_server(std::string_view bytes) {
  static const std::unique_ptr<HttpServer> server = started();
  static std::size_t inputs = 0;
  const std::uint16_t port = server->listening().at(0).port;
  const std::string answer = answer_to(bytes, port, kNoMoreComes);
  hold(answer.empty() || answer.starts_with("HTTP/1."), "what comes back is HTTP", answer);
  hold(!answer.contains(kBody) || bytes.contains("YWxpY2U6c2VjcmV0"),
       "nobody is let in without the password", answer);
  if (inputs++ % kInputsBetweenChecks == 0) {
    hold(answer_to(kRightRequest, port, kAnswerComes).contains(kBody),
         "others are answered as before");
  }
}

}  // namespace fusescope::fuzz

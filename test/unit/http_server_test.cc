// SPDX-License-Identifier: Apache-2.0
#include "agent/export/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "agent/base/unique_fd.h"

namespace fusescope {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

const std::string kLongBody(200'000, 'm');

// A connection that sends and receives exactly what a test says. No wait is longer than 10 s.
class Client {
 public:
  explicit Client(const Endpoint& server, const char* own_ipv4 = nullptr) {
    const bool ipv6 = server.host.find(':') != std::string::npos;
    socket_.reset(::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval longest{10, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
    sockaddr_in6 to6{};
    to6.sin6_family = AF_INET6;
    to6.sin6_port = htons(server.port);
    ::inet_pton(AF_INET6, server.host.c_str(), &to6.sin6_addr);
    const sockaddr_in to4 = ipv4(server.host.c_str(), server.port);
    if (own_ipv4 != nullptr) {
      const sockaddr_in own = ipv4(own_ipv4, 0);
      EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own), 0);
    }
    const int status =
        ipv6 ? ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to6), sizeof to6)
             : ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to4), sizeof to4);
    EXPECT_EQ(status, 0) << server.text();
  }

  // Whether the server took all of it.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  // Everything until the server closes the connection, or until `end` has been seen.
  std::string receive(std::string_view end = "") {
    std::string bytes;
    char buffer[65536];
    while (end.empty() || bytes.find(end) == std::string::npos) {
      const ssize_t count = ::recv(socket_.get(), buffer, sizeof buffer, 0);
      if (count <= 0) break;
      bytes.append(buffer, static_cast<std::size_t>(count));
    }
    return bytes;
  }

  void reset() {
    const linger now{1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    socket_.reset();
  }

 private:
  static sockaddr_in ipv4(const char* host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, host, &address.sin_addr);
    return address;
  }

  UniqueFd socket_;
};

struct Reply {
  int status = 0;  // 0: none came
  std::string head;
  std::string body;

  bool has(std::string_view line) const { return head.find(line) != std::string::npos; }
};

Reply parse(const std::string& bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (!bytes.starts_with("HTTP/1.1 ") || end == std::string::npos) return {};
  return {std::stoi(bytes.substr(9, 3)), bytes.substr(0, end + 2), bytes.substr(end + 4)};
}

std::string request(const std::string& method, const std::string& path,
                    const std::string& headers = "") {
  return method + " " + path + " HTTP/1.1\r\nHost: test\r\n" + headers + "\r\n";
}

Reply ask(const Endpoint& server, const std::string& path, const std::string& method = "GET",
          const std::string& headers = "") {
  Client client(server);
  client.send(request(method, path, headers + "Connection: close\r\n"));
  return parse(client.receive());
}

bool has_ipv6() { return listen_on({"::1", 0}).has_value(); }

class HttpServerTest : public testing::Test {
 protected:
  void start(HttpOptions options = {}, const std::string& address = "127.0.0.1:0") {
    options.listen_addresses = {address};
    options.log = [this](const std::string& line) {
      const std::lock_guard lock(mutex_);
      log_ += line + "\n";
    };
    auto server = HttpServer::start(std::move(options), routes());
    ASSERT_TRUE(server) << server.error().text;
    server_ = std::move(*server);
    at_ = server_->listening().at(0);
  }

  static Routes routes() {
    Routes routes;
    routes["/metrics"] = {"metrics", [](const HttpRequest&) {
                            return HttpResponse{.content_type = "text/plain; version=0.0.4",
                                                .body = kLongBody};
                          }};
    routes["/-/healthy"] = {"healthy",
                            [](const HttpRequest&) { return HttpResponse{.body = "ok"}; }};
    routes["/echo"] = {"echo", [](const HttpRequest& r) {
                         return HttpResponse{.status = 203,
                                             .body = r.header("x-echo"),
                                             .headers = {{"X-Extra", "1"}}};
                       }};
    routes["/huge"] = {"huge", [](const HttpRequest&) {
                         return HttpResponse{.body = std::string(20'000'000, 'h')};
                       }};
    routes["/throw"] = {"throw", [](const HttpRequest&) -> HttpResponse {
                          throw std::runtime_error("no such map");
                        }};
    routes["/throw-int"] = {"throw", [](const HttpRequest&) -> HttpResponse { throw 1; }};
    return routes;
  }

  std::string log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }

  void expect_answer_at_once() {
    const auto start = steady_clock::now();
    EXPECT_EQ(ask(at_, "/metrics").body.size(), kLongBody.size());
    EXPECT_LT(steady_clock::now() - start, 1s);
  }

  std::mutex mutex_;
  std::string log_;
  std::unique_ptr<HttpServer> server_;
  Endpoint at_;
};

class HttpServerOnEachFamily : public HttpServerTest,
                               public testing::WithParamInterface<const char*> {};

TEST_P(HttpServerOnEachFamily, AnswersGet) {
  if (GetParam()[0] == '[' && !has_ipv6()) GTEST_SKIP() << "this host has no IPv6";
  start({}, GetParam());
  const Reply reply = ask(at_, "/metrics?name=x");
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.body == kLongBody);
  EXPECT_TRUE(reply.has("Content-Type: text/plain; version=0.0.4\r\n")) << reply.head;
  EXPECT_TRUE(reply.has("Content-Length: 200000\r\n")) << reply.head;
  EXPECT_TRUE(reply.has("Vary: Accept-Encoding\r\n")) << reply.head;
  EXPECT_FALSE(reply.has("Content-Encoding")) << reply.head;
}

INSTANTIATE_TEST_SUITE_P(All, HttpServerOnEachFamily, testing::Values("127.0.0.1:0", "[::1]:0"));

TEST_F(HttpServerTest, AnswersOnBothFamiliesOfTheDefaultAddress) {
  if (!has_ipv6()) GTEST_SKIP() << "this host has no IPv6";
  start({}, ":0");
  EXPECT_EQ(at_.host, "::");
  EXPECT_EQ(ask({"127.0.0.1", at_.port}, "/-/healthy").body, "ok");
  EXPECT_EQ(ask({"::1", at_.port}, "/-/healthy").body, "ok");
}

TEST_F(HttpServerTest, AnswersOnSeveralAddresses) {
  if (!has_ipv6()) GTEST_SKIP() << "this host has no IPv6";
  auto server = HttpServer::start({.listen_addresses = {"127.0.0.1:0", "[::1]:0"}}, routes());
  ASSERT_TRUE(server) << server.error().text;
  for (const Endpoint& endpoint : (*server)->listening()) {
    EXPECT_EQ(ask(endpoint, "/-/healthy").body, "ok") << endpoint.text();
  }
  EXPECT_EQ((*server)->counts(), (RequestCounts{{{"healthy", 200}, 2}}));
}

TEST_F(HttpServerTest, LetsClientsWaitUntilItServes) {
  auto server = HttpServer::listen({.listen_addresses = {"127.0.0.1:0"}});
  ASSERT_TRUE(server) << server.error().text;
  Client early((*server)->listening().at(0));
  early.send(request("GET", "/counts", "Connection: close\r\n"));
  const auto own_counts = [&own = **server](const HttpRequest&) {
    return HttpResponse{.body = std::to_string(own.counts().size())};
  };
  ASSERT_TRUE((*server)->serve({{"/counts", {"counts", own_counts}}}));
  EXPECT_EQ(parse(early.receive()).body, "0");
}

TEST_F(HttpServerTest, StopsWithoutEverServing) {
  auto server = HttpServer::listen({.listen_addresses = {"127.0.0.1:0"}});
  ASSERT_TRUE(server) << server.error().text;
  const Endpoint at = (*server)->listening().at(0);
  Client early(at);
  server->reset();
  EXPECT_EQ(early.receive(), "");
  EXPECT_TRUE(listen_on(at));
}

TEST_F(HttpServerTest, AnswersHeadWithTheHeadersOfGet) {
  start();
  for (const char* headers : {"", "Accept-Encoding: gzip\r\n"}) {
    const Reply get = ask(at_, "/metrics", "GET", headers);
    const Reply head = ask(at_, "/metrics", "HEAD", headers);
    const auto without_date = [](std::string text) {
      return text.erase(text.find("Date: "), text.find("GMT") - text.find("Date: "));
    };
    EXPECT_EQ(without_date(head.head), without_date(get.head));
    EXPECT_EQ(head.body, "");
  }
}

TEST_F(HttpServerTest, CompressesOnlyLongBodiesAndOnlyWhenAsked) {
  start();
  const Reply reply =
      ask(at_, "/metrics", "GET", "accept-encoding: br\r\nAccept-Encoding: gzip\r\n");
  EXPECT_TRUE(reply.has("Content-Encoding: gzip\r\n")) << reply.head;
  EXPECT_TRUE(reply.has("Vary: Accept-Encoding\r\n")) << reply.head;
  std::string plain(kLongBody.size() + 1, '\0');
  z_stream stream{};
  ASSERT_EQ(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(reply.body.data()));
  stream.avail_in = static_cast<uInt>(reply.body.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  plain.resize(stream.total_out);
  inflateEnd(&stream);
  EXPECT_TRUE(plain == kLongBody);

  EXPECT_TRUE(ask(at_, "/metrics", "GET", "Accept-Encoding: gzip;q=0\r\n").body == kLongBody);
  EXPECT_EQ(ask(at_, "/-/healthy", "GET", "Accept-Encoding: gzip\r\n").body, "ok");
}

TEST_F(HttpServerTest, GivesHeadersToTheHandlerAndBack) {
  start();
  const Reply reply = ask(at_, "/echo", "GET", "X-ECHO: a\r\nx-echo: b\r\n");
  EXPECT_EQ(reply.status, 203);
  EXPECT_EQ(reply.body, "a, b");
  EXPECT_TRUE(reply.has("X-Extra: 1\r\n")) << reply.head;
}

TEST_F(HttpServerTest, RefusesOtherPathsAndMethodsAndCountsAll) {
  start();
  EXPECT_EQ(ask(at_, "/").status, 404);
  EXPECT_EQ(ask(at_, "/metrics/").status, 404);
  EXPECT_EQ(ask(at_, "/nothing", "POST", "Content-Length: 0\r\n").status, 404);
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "FOO"}) {
    const Reply reply = ask(at_, "/metrics", method, "Content-Length: 100000\r\n");
    EXPECT_EQ(reply.status, 405) << method;
    EXPECT_TRUE(reply.has("Allow: GET, HEAD\r\n")) << reply.head;
  }
  EXPECT_EQ(ask(at_, "/metrics", "HEAD").status, 200);
  EXPECT_EQ(server_->counts(),
            (RequestCounts{{{"metrics", 200}, 1}, {{"metrics", 405}, 5}, {{"other", 404}, 3}}));
}

TEST_F(HttpServerTest, KeepsAConnectionForMoreRequests) {
  start();
  Client client(at_);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send(request("GET", "/-/healthy")));
    EXPECT_EQ(parse(client.receive("\r\n\r\nok")).body, "ok");
  }
  ASSERT_TRUE(
      client.send(request("GET", "/echo", "X-Echo: end\r\nContent-Length: 5\r\n") + "12345"));
  EXPECT_EQ(parse(client.receive("\r\n\r\nend")).body, "end");
}

TEST_F(HttpServerTest, GivesUpWhatIsNotReadWhenItHoldsTooMuch) {
  start({.held_answer_bytes = 50'000'000});
  std::vector<std::unique_ptr<Client>> silent;
  for (int i = 0; i < 3; ++i) {
    silent.push_back(std::make_unique<Client>(at_));
    silent.back()->send(request("GET", "/huge", "Connection: close\r\n"));
    EXPECT_EQ(parse(silent.back()->receive("\r\n\r\n")).status, 200);
  }
  EXPECT_EQ(ask(at_, "/huge").body.size(), 20'000'000U);
  EXPECT_LT(silent[0]->receive().size(), 20'000'000U);
  EXPECT_LT(silent[1]->receive().size(), 20'000'000U);
  EXPECT_GT(silent[2]->receive().size(), 19'000'000U) << "there was room for two";
  EXPECT_NE(log().find("1 answers given up"), std::string::npos) << log();
}

// Whatever a proxy before the server takes for the end of the body.
TEST_F(HttpServerTest, TakesNoBodyForARequest) {
  start();
  for (const char* headers :
       {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "Transfer-Encoding: xchunked\r\n",
        "Content-Length: 0\r\nContent-Length: 4\r\n", "Content-Length: 0\r\n",
        "Content-Length: -1\r\n", "Content-Length: 18446744073709551616\r\n",
        "Content-Length: 0x4\r\n"}) {
    for (const char* method : {"GET", "HEAD", "POST"}) {
      Client client(at_);
      client.send(request(method, "/-/healthy", headers) + "0\r\n\r\n" +
                  request("GET", "/echo", "X-Echo: smuggled\r\n"));
      const std::string answers = client.receive();
      EXPECT_EQ(answers.find("smuggled"), std::string::npos) << method << " " << headers;
    }
  }
  expect_answer_at_once();
}

TEST_F(HttpServerTest, APathDoesNotEndAtAnEscapedZero) {
  start();
  EXPECT_EQ(ask(at_, "/-/healthy%00/../x").status, 404);
  EXPECT_EQ(ask(at_, "/-/healthy%00").status, 404);
  EXPECT_EQ(ask(at_, "/-/health%79").status, 200);
}

TEST_F(HttpServerTest, HasRoomForTheHeadersOfTheConfig) {
  start({.web = {.headers = {{"Content-Security-Policy", std::string(8192, 'x')}}}});
  EXPECT_EQ(ask(at_, "/-/healthy").status, 200);
  EXPECT_EQ(ask(at_, "/-/healthy", "GET", "X: " + std::string(8192, 'x') + "\r\n").status, 200);
}

TEST_F(HttpServerTest, TurnsAnExceptionIntoStatus500AndOneLine) {
  start();
  EXPECT_EQ(ask(at_, "/throw").status, 500);
  EXPECT_EQ(ask(at_, "/throw-int").status, 500);
  EXPECT_EQ(log(), "answer /throw: no such map\nanswer /throw-int: unknown exception\n");
  EXPECT_EQ(server_->counts(), (RequestCounts{{{"throw", 500}, 2}}));
  EXPECT_EQ(server_->exceptions(), 2U);
}

TEST_F(HttpServerTest, SaysThatTheAddressIsTaken) {
  start();
  const auto second =
      HttpServer::start({.listen_addresses = {"127.0.0.1:0", at_.text()}}, routes());
  ASSERT_FALSE(second);
  EXPECT_TRUE(second.error().text.starts_with("listen on " + at_.text() +
                                              ": Address already in use: choose another"))
      << second.error().text;
  EXPECT_FALSE(HttpServer::start({.listen_addresses = {"abc"}}, routes()));
  expect_answer_at_once();
}

TEST_F(HttpServerTest, IsNotDelayedByIdleConnections) {
  start({.connection_limit_per_client = 200});
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 100; ++i) {
    idle.push_back(std::make_unique<Client>(at_));
    if (i % 2 == 0) idle.back()->send("GET /met");
  }
  expect_answer_at_once();
}

TEST_F(HttpServerTest, IsNotDelayedByAClientThatDoesNotRead) {
  start({.request_timeout = 700ms});
  Client slow(at_);
  slow.send(request("GET", "/huge"));
  std::this_thread::sleep_for(100ms);
  expect_answer_at_once();
  std::this_thread::sleep_for(1s);
  EXPECT_LT(slow.receive().size(), 20'000'000U);  // cut off
}

TEST_F(HttpServerTest, ClosesIdleConnections) {
  start({.idle_timeout = 1s});
  const auto start = steady_clock::now();
  Client client(at_);
  EXPECT_EQ(client.receive(), "");
  EXPECT_LT(steady_clock::now() - start, 3s);
}

TEST_F(HttpServerTest, CutsOffAClientThatDribbles) {
  start({.request_timeout = 500ms});
  Client client(at_);
  const auto start = steady_clock::now();
  while (client.send("G") && steady_clock::now() - start < 5s) std::this_thread::sleep_for(50ms);
  EXPECT_GT(steady_clock::now() - start, 400ms);
  EXPECT_LT(steady_clock::now() - start, 2s);
}

TEST_F(HttpServerTest, SurvivesGarbage) {
  start();
  std::string bytes(100'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7919 >> 3);
  for (const std::string& garbage :
       {bytes, std::string("\r\n\r\n\r\n"), std::string("GET\r\n\r\n"), std::string(9000, '\n'),
        std::string("GET /metrics HTTP/9.9\r\n\r\n"), std::string("\x16\x03\x01\x02\x00\x01", 6),
        request("GET", "/metrics", "Content-Length: -1\r\n"),
        request("GET", "/%00%ff%2", "Transfer-Encoding: chunked\r\n") + "zz\r\n"}) {
    Client client(at_);
    client.send(garbage);
    client.reset();
  }
  expect_answer_at_once();
}

TEST_F(HttpServerTest, RefusesAHugeHeader) {
  start();
  Client large(at_);
  large.send(request("GET", "/metrics", "X: " + std::string(40'000, 'x') + "\r\n"));
  const std::string answer = large.receive();
  EXPECT_TRUE(answer.empty() || parse(answer).status == 431) << answer;  // empty: reset on its way
  Client huge(at_);
  huge.send(request("GET", "/metrics", "X: " + std::string(1'000'000, 'x') + "\r\n"));
  huge.receive();
  expect_answer_at_once();
}

TEST_F(HttpServerTest, SurvivesClientsThatLeave) {
  start();
  for (int i = 0; i < 5; ++i) {
    Client client(at_);
    client.send(request("GET", "/huge"));
    client.receive("h");
    client.reset();
  }
  expect_answer_at_once();
}

TEST_F(HttpServerTest, LogsOnlySoManyBadRequests) {
  start();
  for (int i = 0; i < 50; ++i) {
    Client client(at_);
    client.send(request("GET", "/metrics", "Content-Length: none\r\n"));
    client.receive();
  }
  const std::string text = log();
  EXPECT_TRUE(text.starts_with("libmicrohttpd: ")) << text;
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 10);
}

TEST_F(HttpServerTest, AnswersManyAtTheSameTime) {
  start();
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 16; ++i) {
      clients.emplace_back([&] {
        for (int n = 0; n < 25; ++n) {
          right +=
              ask(at_, "/metrics", "GET", n % 2 ? "Accept-Encoding: gzip\r\n" : "").status == 200;
        }
      });
    }
  }
  EXPECT_EQ(right, 400);
  EXPECT_EQ(server_->counts(), (RequestCounts{{{"metrics", 200}, 400}}));
}

TEST_F(HttpServerTest, LimitsTheConnectionsOfOneClient) {
  start({.connection_limit_per_client = 4});
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 4; ++i) idle.push_back(std::make_unique<Client>(at_));
  Client refused(at_);
  refused.send(request("GET", "/-/healthy"));
  EXPECT_EQ(refused.receive(), "");
  Client other(at_, "127.0.0.2");
  other.send(request("GET", "/-/healthy", "Connection: close\r\n"));
  EXPECT_EQ(parse(other.receive()).body, "ok");
}

TEST_F(HttpServerTest, ClosesTheConnectionThatWaitsTheLongestWhereThereAreTooMany) {
  start({.connection_limit = 3});
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 3; ++i) {
    idle.push_back(std::make_unique<Client>(at_));
    std::this_thread::sleep_for(20ms);
  }
  expect_answer_at_once();
  EXPECT_EQ(idle[0]->receive(), "");
  idle[2]->send(request("GET", "/-/healthy", "Connection: close\r\n"));
  EXPECT_EQ(parse(idle[2]->receive()).body, "ok");
}

TEST_F(HttpServerTest, CutsNobodyOffForAnotherClientsManyConnections) {
  start({.connection_limit = 8});
  Client reader(at_);
  reader.send(request("GET", "/huge", "Connection: close\r\n"));
  const std::string begin = reader.receive("h");
  std::vector<std::unique_ptr<Client>> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(std::make_unique<Client>(at_, "127.0.0.2"));
  expect_answer_at_once();
  EXPECT_EQ(parse(begin + reader.receive()).body.size(), 20'000'000U);
}

TEST_F(HttpServerTest, AnswersEachRequestWhileItIsRenewed) {
  start();
  std::atomic<bool> ending = false;
  std::atomic<unsigned> answered = 0;
  std::atomic<unsigned> failed = 0;
  const auto ask = [&] {
    while (!ending) {
      Client client(at_);
      client.send(request("GET", "/-/healthy", "Connection: close\r\n"));
      ++(parse(client.receive()).body == "ok" ? answered : failed);
    }
  };
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) clients.emplace_back(ask);
  for (int i = 0; i < 30; ++i) {
    server_->renew({.rate_limit = RateLimit{.interval = 1ns, .burst = 1e6}});
    std::this_thread::sleep_for(20ms);
  }
  ending = true;
  for (std::thread& client : clients) client.join();
  EXPECT_GT(answered, 30U);
  EXPECT_EQ(failed, 0U);
}

TEST_F(HttpServerTest, AnswersAnOpenConnectionOnceMoreAfterARenewal) {
  start({.request_timeout = 1s});
  Client reader(at_);
  reader.send(request("GET", "/-/healthy"));
  EXPECT_EQ(parse(reader.receive("\r\n\r\nok")).body, "ok");
  server_->renew({});
  std::this_thread::sleep_for(700ms);
  reader.send(request("GET", "/huge"));
  std::string answer = reader.receive("h");
  std::this_thread::sleep_for(500ms);  // longer than request_timeout since the renewal
  answer += reader.receive();
  EXPECT_EQ(parse(answer).body.size(), 20'000'000U);
  EXPECT_TRUE(parse(answer).has("Connection: close"));
}

TEST_F(HttpServerTest, StopsWhileConnectionsAreOpen) {
  start();
  Client idle(at_);
  Client half(at_);
  half.send("GET /metr");
  Client slow(at_);
  slow.send(request("GET", "/huge"));
  slow.receive("h");
  const auto start = steady_clock::now();
  server_.reset();
  EXPECT_LT(steady_clock::now() - start, 1s);
  EXPECT_EQ(idle.receive(), "");
  EXPECT_TRUE(listen_on(at_)) << "the port must be free again";
}

}  // namespace
}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/export/http_server.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>

#include "agent/base/exceptions.h"
#include "agent/base/unique_fd.h"
#include "agent/export/client_log.h"
#include "agent/export/deadlines.h"
#include "agent/export/guard.h"
#include "agent/export/gzip.h"
#include "agent/export/held_answers.h"

namespace fusescope {
namespace {

using Clock = std::chrono::steady_clock;
using Response = std::unique_ptr<MHD_Response, decltype(&MHD_destroy_response)>;

MHD_Result append_header(void* headers, MHD_ValueKind /*kind*/, const char* name,
                         const char* value) noexcept {
  try {
    static_cast<std::vector<HttpHeader>*>(headers)->push_back(
        {name == nullptr ? "" : name, value == nullptr ? "" : value});
    return MHD_YES;
  } catch (...) {
    return MHD_NO;
  }
}

// An answer, as libmicrohttpd reads it and lets go of it.
struct Sending {
  Sending(HeldAnswers& held, HeldAnswers::Held taken) : all(held), answer(taken) {}
  ~Sending() { all.release(answer); }
  Sending(const Sending&) = delete;
  Sending& operator=(const Sending&) = delete;

  HeldAnswers& all;
  HeldAnswers::Held answer;
};

ssize_t read_answer(void* sending, std::uint64_t position, char* into, std::size_t room) noexcept {
  const HeldAnswers::Answer& answer = *static_cast<Sending*>(sending)->answer;
  if (answer.is_given_up) return MHD_CONTENT_READER_END_WITH_ERROR;
  return static_cast<ssize_t>(answer.body.copy(into, room, position));
}

void let_go(void* sending) noexcept { delete static_cast<Sending*>(sending); }

MHD_Result queue(MHD_Connection* connection, HttpResponse response, std::string client,
                 HeldAnswers& held) {
  constexpr std::size_t kBlock = 16 * 1024;
  const std::size_t size = response.body.size();
  auto sending =
      std::make_unique<Sending>(held, held.hold(std::move(client), std::move(response.body)));
  const Response queued(
      MHD_create_response_from_callback(size, kBlock, read_answer, sending.get(), let_go),
      MHD_destroy_response);
  if (!queued) return MHD_NO;
  std::ignore = sending.release();  // it is the response's now
  MHD_add_response_header(queued.get(), "Content-Type", response.content_type.c_str());
  for (const HttpHeader& header : response.headers) {
    MHD_add_response_header(queued.get(), header.name.c_str(), header.value.c_str());
  }
  return MHD_queue_response(connection, response.status, queued.get());
}

// Percent escapes are undone in place, but for a NUL: the path would seem to end there.
std::size_t undo_escapes(void* /*state*/, MHD_Connection* /*connection*/, char* text) noexcept {
  const std::string_view whole = text;
  return whole.find("%00") == std::string_view::npos ? MHD_http_unescape(text) : whole.size();
}

bool may_have_body(MHD_Connection* connection, std::string_view verb) noexcept {
  const auto has = [&](const char* name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name) != nullptr;
  };
  return (verb != "GET" && verb != "HEAD") || has("Content-Length") || has("Transfer-Encoding");
}

std::string client_of(MHD_Connection* connection) {
  return address_text(
      *MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
}

// libmicrohttpd calls this when its own state is broken, and expects it not to return.
[[noreturn]] void on_panic(void* log, const char* file, unsigned line, const char* reason) {
  const std::string text = "libmicrohttpd failed at " + std::string(file) + ":" +
                           std::to_string(line) + ": " + (reason == nullptr ? "" : reason);
  if (log != nullptr) {
    (*static_cast<const HttpLog*>(log))(text);
  } else {
    std::fputs((text + "\n").c_str(), stderr);
  }
  std::abort();
}

}  // namespace

// Runs one libmicrohttpd daemon for each address, all on one thread of our own rather than on one
// of the library's each: so handlers never run at the same time, and the deadlines need no lock.
class HttpServer::State {
 public:
  explicit State(HttpOptions options)
      : options_(std::move(options)),
        client_log_(options_.log),
        router_(options_.uncompressed_body_bytes, options_.log),
        deadlines_(options_.request_timeout),
        held_(options_.held_answer_bytes) {}

  State(const State&) = delete;
  State& operator=(const State&) = delete;

  ~State() {
    if (thread_.joinable()) {
      ending_ = true;
      ::eventfd_write(wake_.get(), 1);
      thread_.join();
    }
    guards_.clear();  // calls back for each connection that it closes
    MHD_set_panic_func(on_panic, nullptr);
  }

  Result<void> listen() {
    MHD_set_panic_func(on_panic, &options_.log);
    wake_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake_) return std::unexpected(errno_error("create an eventfd", errno));
    if (auto opened = open_listeners(); !opened) return opened;
    auto guard = guard_of(std::move(options_.web));
    if (!guard) return std::unexpected(guard.error());
    guards_.push_back(std::move(*guard));
    return {};
  }

  Result<void> serve(Routes routes) {
    router_.set_routes(std::move(routes));
    try {
      thread_ = std::thread(&State::run, this);
    } catch (const std::system_error& error) {
      return std::unexpected(errno_error("start the HTTP thread", error.code().value()));
    }
    return {};
  }

  void renew(WebConfig web) {
    {
      const std::lock_guard lock(renewal_mutex_);
      renewal_ = std::move(web);
    }
    ::eventfd_write(wake_.get(), 1);
  }

  std::vector<Endpoint> listening() const {
    std::vector<Endpoint> endpoints;
    for (const Listener& listener : listeners_) endpoints.push_back(listener.endpoint);
    return endpoints;
  }
  RequestCounts counts() const { return router_.counts(); }
  std::uint64_t exceptions() const { return router_.exceptions(); }

 private:
  using Daemon = Guard::Daemon;
  using GuardPointer = std::unique_ptr<Guard>;

  // The one in force; those before it answer on connections that were open already.
  Guard& guard() { return *guards_.back(); }

  void for_each_daemon(const auto& action) {
    for (const GuardPointer& guard : guards_) {
      for (const Daemon& daemon : guard->daemons) action(daemon.get());
    }
  }

  Result<void> open_listeners() {
    listeners_ = std::move(options_.listeners);
    if (!listeners_.empty()) return {};
    for (const std::string& address : options_.listen_addresses) {
      const auto endpoint = parse_listen_address(address);
      if (!endpoint) return std::unexpected(endpoint.error());
      auto listener = listen_on(*endpoint, options_.holder_of);
      if (!listener) return std::unexpected(listener.error());
      listeners_.push_back(std::move(*listener));
    }
    return {};
  }

  // Its daemons may run beside those of another one, on the same sockets.
  Result<GuardPointer> guard_of(WebConfig web) {
    auto guard = std::make_unique<Guard>(
        std::move(web), [this](std::string line) { client_log_.write(std::move(line)); });
    for (const Listener& listener : listeners_) {
      auto daemon = start_daemon(listener, guard->web.tls ? &*guard->web.tls : nullptr);
      if (!daemon) return std::unexpected(daemon.error());
      guard->daemons.push_back(std::move(*daemon));
    }
    return guard;
  }

  // The daemon closes the listening socket, on most failures to start too.
  std::vector<MHD_OptionItem> daemon_options(int listening_socket, TlsConfig* tls) {
    std::vector<MHD_OptionItem> items = {
        {MHD_OPTION_EXTERNAL_LOGGER, reinterpret_cast<intptr_t>(&on_library_log), this},
        {MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, nullptr},
        {MHD_OPTION_LISTEN_SOCKET, listening_socket, nullptr},
        {MHD_OPTION_CONNECTION_TIMEOUT, options_.idle_timeout.count(), nullptr},
        {MHD_OPTION_CONNECTION_LIMIT, options_.connection_limit + kEndingConnections, nullptr},
        {MHD_OPTION_PER_IP_CONNECTION_LIMIT, options_.connection_limit_per_client, nullptr},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT,
         static_cast<intptr_t>(options_.connection_memory_bytes), nullptr},
        {MHD_OPTION_NOTIFY_CONNECTION, reinterpret_cast<intptr_t>(&on_connection), this},
        {MHD_OPTION_UNESCAPE_CALLBACK, reinterpret_cast<intptr_t>(&undo_escapes), nullptr},
        {MHD_OPTION_NOTIFY_COMPLETED, reinterpret_cast<intptr_t>(&on_completed), this},
    };
    if (tls != nullptr) {
      items.push_back({MHD_OPTION_HTTPS_MEM_CERT, 0, tls->certificate.data()});
      items.push_back({MHD_OPTION_HTTPS_MEM_KEY, 0, tls->key.data()});
      items.push_back({MHD_OPTION_HTTPS_PRIORITIES, 0, tls->priorities.data()});
      if (!tls->client_ca.empty()) {
        items.push_back({MHD_OPTION_HTTPS_MEM_TRUST, 0, tls->client_ca.data()});
      }
    }
    items.push_back({MHD_OPTION_END, 0, nullptr});
    return items;
  }

  Result<Daemon> start_daemon(const Listener& listener, TlsConfig* tls) {
    const std::string what = "start the HTTP server on " + listener.endpoint.text();
    const int socket = ::fcntl(listener.socket.get(), F_DUPFD_CLOEXEC, 0);
    if (socket < 0) return std::unexpected(errno_error(what, errno));
    auto items = daemon_options(socket, tls);
    const bool ipv6 = listener.endpoint.host.find(':') != std::string::npos;
    errno = 0;
    Daemon daemon(
        MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG | (ipv6 ? MHD_USE_IPv6 : MHD_NO_FLAG) |
                             (tls == nullptr ? MHD_NO_FLAG : MHD_USE_TLS),
                         0, nullptr, nullptr, &on_request, this, MHD_OPTION_ARRAY, items.data(),
                         MHD_OPTION_END),
        MHD_stop_daemon);
    if (!daemon) return std::unexpected(errno_error(what, errno));
    return daemon;
  }

  void run() {
    // Signals are for the main thread. SIGPIPE must not end the process when a client leaves.
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    ::pthread_setname_np(::pthread_self(), "fusescope-http");

    while (!ending_) {
      if (!fence("serve", [this] { run_once(); })) ::poll(nullptr, 0, kPauseMilliseconds);
    }
  }

  void run_once() {
    take_renewal();
    for_each_daemon([](MHD_Daemon* daemon) { MHD_run(daemon); });
    deadlines_.enforce();
    std::erase_if(guards_, [](const GuardPointer& guard) { return guard->has_ended(); });
    wait();
  }

  // No exception may leave the thread, or go through the library's C. Whether there was none.
  bool fence(const char* operation, const auto& action) noexcept {
    const auto thrown = exception_of(action);
    if (thrown) exception_of([&] { router_.note_exception(operation, *thrown); });
    return !thrown;
  }

  void wait() {
    std::vector<pollfd> waiting{{wake_.get(), POLLIN, 0}};
    for_each_daemon([&](MHD_Daemon* daemon) {
      const int epoll = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
      waiting.push_back({epoll, POLLIN, 0});
    });
    ::poll(waiting.data(), waiting.size(), wait_milliseconds());
    eventfd_t ignored = 0;
    ::eventfd_read(wake_.get(), &ignored);
  }

  void take_renewal() {
    std::optional<WebConfig> web;
    {
      const std::lock_guard lock(renewal_mutex_);
      web = std::exchange(renewal_, std::nullopt);
    }
    if (!web) return;
    if (auto renewed = guard_of(std::move(*web))) {
      (*renewed)->gate.take_over(guard().gate, Clock::now());
      guard().stop_accepting(kEndingTimeouts * options_.request_timeout);
      guards_.push_back(std::move(*renewed));
    } else {
      options_.log(renewed.error().text + ": the previous web config stays in use");
    }
  }

  // How long there is nothing to do unless a socket or the destructor wakes the thread; -1: for
  // ever.
  int wait_milliseconds() {
    // A daemon at its connection limit stops watching its listening socket, and starts again only
    // in the run after the one that closed a connection.
    if (std::exchange(connection_closed_, false)) return 0;
    std::optional<std::uint64_t> wait;
    for_each_daemon([&](MHD_Daemon* daemon) {
      MHD_UNSIGNED_LONG_LONG milliseconds = 0;
      if (MHD_get_timeout(daemon, &milliseconds) != MHD_YES) return;
      wait = std::min<std::uint64_t>(wait.value_or(milliseconds), milliseconds);
    });
    if (const auto next = deadlines_.next(); next != Deadlines::kEnded) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
      const auto milliseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(left, 0));
      wait = std::min(wait.value_or(milliseconds), milliseconds);
    }
    constexpr std::uint64_t kLongest = std::numeric_limits<int>::max();
    return wait ? static_cast<int>(std::min(*wait, kLongest)) : -1;
  }

  MHD_Result answer(MHD_Connection* connection, const char* path, const char* method) {
    HttpRequest request{.path = path};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, append_header, &request.headers);
    request.gzip_accepted = accepts_gzip(request.header("Accept-Encoding"));
    const std::string address = client_of(connection);
    HttpResponse response = router_.respond(method, request, [&](const HttpRequest& asked) {
      return guard().gate.refuse(asked, address, Clock::now());
    });
    guard().gate.add_headers(response);
    if (!guard().has(connection)) response.headers.push_back({"Connection", "close"});
    deadlines_.restart(connection);  // the time that the handler took is not the client's fault
    const std::uint64_t given_up = held_.given_up();
    const MHD_Result queued = queue(connection, std::move(response), address, held_);
    if (held_.given_up() > given_up) {
      client_log_.write(std::to_string(held_.given_up() - given_up) +
                        " answers given up: clients have not read them, and they hold too much");
    }
    return queued;
  }

  static MHD_Result on_request(void* state, MHD_Connection* connection, const char* path,
                               const char* method, const char* /*version*/, const char* /*upload*/,
                               std::size_t* upload_bytes, void** request_context) noexcept {
    // In the first call only the headers are there. An answer then closes the connection, so that a
    // body is never taken for another request, whatever a proxy before this server took for its
    // end; and each scrape keeps its connection.
    if (std::exchange(*request_context, state) == nullptr && !may_have_body(connection, method)) {
      return MHD_YES;
    }
    if (std::exchange(*upload_bytes, 0) != 0) return MHD_YES;  // a body is read and ignored
    auto& self = *static_cast<State*>(state);
    MHD_Result result = MHD_NO;  // closes the connection
    self.fence("answer", [&] { result = self.answer(connection, path, method); });
    return result;
  }

  // Connections start on the daemons of the guard in force only.
  void begin_tls(MHD_Connection* connection) {
    if (!guard().policy) return;
    const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info != nullptr) {
      guard().policy->apply_to(static_cast<gnutls_session_t>(info->tls_session));
    }
  }

  static void on_connection(void* state, MHD_Connection* connection, void** /*context*/,
                            MHD_ConnectionNotificationCode code) noexcept {
    auto& self = *static_cast<State*>(state);
    self.fence("follow a connection", [&] {
      if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        self.deadlines_.begin(connection, client_of(connection));
        self.deadlines_.keep(self.options_.connection_limit);
        self.begin_tls(connection);
      } else {
        self.deadlines_.forget(connection);
        self.connection_closed_ = true;
      }
    });
  }

  static void on_completed(void* state, MHD_Connection* connection, void** /*context*/,
                           MHD_RequestTerminationCode /*code*/) noexcept {
    auto& self = *static_cast<State*>(state);
    self.fence("follow a connection", [&] { self.deadlines_.restart(connection); });
  }

  [[gnu::format(printf, 2, 0)]] static void on_library_log(void* state, const char* format,
                                                           va_list arguments) noexcept {
    std::array<char, 512> line{};
    std::vsnprintf(line.data(), line.size(), format, arguments);
    auto& self = *static_cast<State*>(state);
    self.fence("log",
               [&] { self.client_log_.write("libmicrohttpd: " + std::string(line.data())); });
  }

  static constexpr int kPauseMilliseconds = 100;      // after an exception, which may come again
  static constexpr unsigned kEndingConnections = 64;  // shut down, and not yet closed
  static constexpr int kEndingTimeouts = 3;  // for a request, its answer and what handlers take

  HttpOptions options_;
  ClientLog client_log_;
  Router router_;
  Deadlines deadlines_;
  HeldAnswers held_;
  bool connection_closed_ = false;
  UniqueFd wake_;
  std::vector<Listener> listeners_;
  std::vector<GuardPointer> guards_;
  std::mutex renewal_mutex_;
  std::optional<WebConfig> renewal_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::listen(HttpOptions options) {
  if (!options.log) options.log = [](const std::string&) {};
  auto state = std::make_unique<State>(std::move(options));
  if (auto listening = state->listen(); !listening) return std::unexpected(listening.error());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpOptions options, Routes routes) {
  auto server = listen(std::move(options));
  if (!server) return server;
  if (auto serving = (*server)->serve(std::move(routes)); !serving) {
    return std::unexpected(serving.error());
  }
  return server;
}

Result<void> HttpServer::serve(Routes routes) { return state_->serve(std::move(routes)); }
std::vector<Endpoint> HttpServer::listening() const { return state_->listening(); }
void HttpServer::renew(WebConfig web) { state_->renew(std::move(web)); }
RequestCounts HttpServer::counts() const { return state_->counts(); }
std::uint64_t HttpServer::exceptions() const { return state_->exceptions(); }

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/serve.h"

#include <spdlog/fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <mutex>
#include <utility>

#include "agent/cmd/collector.h"
#include "agent/cmd/logging.h"
#include "agent/cmd/privileges.h"
#include "agent/export/families.h"
#include "agent/export/http_server.h"
#include "agent/export/landing_page.h"
#include "agent/export/process_metrics.h"
#include "agent/probe/reader.h"
#include "agent/probe/session.h"

namespace fusescope {
namespace {

constexpr const char* kTextFormat = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::chrono::seconds kHousekeepingInterval{1};

// Signals that end the agent, blocked in every thread and taken by wait_for_signal().
class EndSignals {
 public:
  EndSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }

  // The signal that came within the interval, or 0.
  [[nodiscard]] int wait(std::chrono::seconds interval) const {
    const timespec timeout{.tv_sec = interval.count(), .tv_nsec = 0};
    const int signal = sigtimedwait(&signals_, nullptr, &timeout);
    return signal > 0 ? signal : 0;
  }

 private:
  sigset_t signals_{};
};

// What a scrape reads. The server's thread and the housekeeping take turns.
class Telemetry {
 public:
  Telemetry(const Session& session, const Reader& reader) : collector_(session, reader) {}

  void keep_house() {
    const std::lock_guard lock(mutex_);
    if (auto kept = collector_.keep_house(); !kept) spdlog::error("{}", kept.error().text);
  }

  Result<std::string> scrape(const RequestCounts& requests) {
    const auto begin = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    auto snapshot = collector_.collect();
    if (!snapshot) return std::unexpected(snapshot.error());
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    return text_of(families_of(*snapshot, {.version = FUSESCOPE_VERSION,
                                           .revision = FUSESCOPE_REVISION,
                                           .scrape_seconds = elapsed.count(),
                                           .http_requests = requests})) +
           text_of(process_families());
  }

 private:
  std::mutex mutex_;
  Collector collector_;
};

HttpResponse metrics_response(Telemetry& telemetry, const RequestCounts& requests) {
  auto text = telemetry.scrape(requests);
  if (!text) {
    spdlog::error("scrape: {}", text.error().text);
    return {.status = 500, .body = text.error().text + "\n"};
  }
  return {.content_type = kTextFormat, .body = std::move(*text)};
}

Routes routes_of(const ServeOptions& options, Telemetry& telemetry, const HttpServer& server) {
  const auto metrics = [&telemetry, &server](const HttpRequest&) {
    return metrics_response(telemetry, server.counts());
  };
  const auto page = [path = options.telemetry_path](const HttpRequest&) {
    return HttpResponse{.content_type = "text/html; charset=utf-8",
                        .body = landing_page(FUSESCOPE_VERSION, path)};
  };
  const auto said = [](std::string text) {
    return [text = std::move(text)](const HttpRequest&) { return HttpResponse{.body = text}; };
  };
  Routes routes;
  routes["/"] = {"page", page};
  routes["/-/healthy"] = {"healthy", said("fusescope is healthy.\n")};
  routes["/-/ready"] = {"ready", said("fusescope is ready: its hooks are attached.\n")};
  routes[options.telemetry_path] = {"metrics", metrics};
  return routes;
}

Result<void> check_options(const ServeOptions& options) {
  const std::string& path = options.telemetry_path;
  if (path.size() < 2 || path[0] != '/' || path.starts_with("/-/")) {
    return std::unexpected(Error{"bad telemetry path '" + path +
                                 "': give a path of its own that begins with a slash, e.g. "
                                 "--web.telemetry-path=/metrics"});
  }
  for (const std::string& address : options.listen_addresses) {
    if (auto parsed = parse_listen_address(address); !parsed) {
      return std::unexpected(parsed.error());
    }
  }
  return {};
}

void log_start(const Session& session, const HttpServer& server) {
  for (const HookStatus& hook : session.hooks()) {
    if (hook.programs.empty()) {
      spdlog::info("role {}: not filled: {}", hook.role, hook.reason);
    } else {
      spdlog::info("role {}: {} ({})", hook.role, hook.mode, fmt::join(hook.programs, ", "));
    }
  }
  for (const Endpoint& endpoint : server.listening()) {
    spdlog::info("listening on {}", endpoint.text());
  }
}

}  // namespace

Result<void> serve(const ServeOptions& options) {
  set_up_logging(options.log_level, options.log_format);
  if (auto checked = check_options(options); !checked) return checked;

  const EndSignals signals;
  auto session = Session::start(options.hooks);
  if (!session) return std::unexpected(session.error());
  auto reader = Reader::open(*session);
  if (!reader) return std::unexpected(reader.error());
  Telemetry telemetry(*session, *reader);

  // Listen first, for a port that needs a right; no thread may start with rights.
  auto listening =
      HttpServer::listen({.listen_addresses = options.listen_addresses,
                          .log = [](const std::string& line) { spdlog::warn("http: {}", line); }});
  if (!listening) return std::unexpected(listening.error());
  const std::unique_ptr<HttpServer> server = std::move(*listening);
  if (auto dropped = drop_privileges(); !dropped) return dropped;
  if (auto serving = server->serve(routes_of(options, telemetry, *server)); !serving) {
    return serving;
  }
  log_start(*session, *server);

  int signal = 0;
  while ((signal = signals.wait(kHousekeepingInterval)) == 0) telemetry.keep_house();
  spdlog::info("ending on signal {}", signal);
  return {};
}

}  // namespace fusescope

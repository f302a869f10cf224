// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/serve.h"

#include <malloc.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "agent/cmd/broker.h"
#include "agent/cmd/confinement.h"
#include "agent/cmd/housekeeping.h"
#include "agent/cmd/logging.h"
#include "agent/cmd/service_manager.h"
#include "agent/cmd/telemetry.h"
#include "agent/cmd/web_settings.h"
#include "agent/export/gzip.h"
#include "agent/export/http_server.h"
#include "agent/export/live_page.h"
#include "agent/host/port_holder.h"

namespace fusescope {
namespace {

constexpr const char* kTextFormat = "text/plain; version=0.0.4; charset=utf-8";
// From so many bytes on memory is of a mapping of its own, which goes back to the kernel when it is
// freed: answers are of megabytes, and among smaller things would leave gaps of that size.
constexpr int kOwnMapping = 256 * 1024;

constexpr std::size_t kMostPlainBytes = 32 * 1024 * 1024;
constexpr std::chrono::seconds kHousekeepingInterval{1};

// Signals that the agent obeys, blocked in every thread and taken by wait(): SIGHUP has it reload.
class Signals {
 public:
  Signals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGHUP);
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

HttpResponse scrape_failed(const Error& error) {
  spdlog::error("scrape: {}", error.text);
  return {.status = 500, .body = error.text + "\n"};
}

// Held as a whole, and so only up to a limit, which takes mounts with names made for it.
HttpResponse plain_metrics(Telemetry& telemetry, const WebStatus& web) {
  std::string body;
  std::size_t size = 0;
  const auto scraped = telemetry.scrape(web, [&](std::string_view text) {
    size += text.size();
    if (size > kMostPlainBytes) {
      body = std::string();
    } else {
      body += text;
    }
  });
  if (!scraped) return scrape_failed(scraped.error());
  if (size > kMostPlainBytes) {
    return {.status = 406,
            .body = "The metrics are " + std::to_string(size) +
                    " bytes of text: ask for them compressed, as in curl --compressed\n"};
  }
  return {.content_type = kTextFormat, .body = std::move(body)};
}

// Compressed piece by piece: the text as a whole, of megabytes, is never held.
HttpResponse compressed_metrics(Telemetry& telemetry, const WebStatus& web) {
  GzipWriter writer;
  const auto scraped = telemetry.scrape(web, [&](std::string_view text) { writer.add(text); });
  if (!scraped) return scrape_failed(scraped.error());
  auto compressed = writer.finish();
  if (!compressed) return scrape_failed(compressed.error());
  return {.content_type = kTextFormat,
          .body = std::move(*compressed),
          .headers = {{"Content-Encoding", "gzip"}}};
}

HttpResponse mounts_response(Telemetry& telemetry) {
  auto json = telemetry.live();
  if (!json) {
    spdlog::error("live page: {}", json.error().text);
    return {.status = 500, .body = json.error().text + "\n"};
  }
  return {.content_type = "application/json",
          .body = std::move(*json),
          .headers = {{"Cache-Control", "no-store"}}};
}

Routes routes_of(const ServeOptions& options, Telemetry& telemetry, const HttpServer& server,
                 const WebSettings& settings, const Housekeeping& housekeeping,
                 const Confiner& confiner) {
  const auto metrics = [&](const HttpRequest& request) {
    const ExceptionCounts exceptions = {server.exceptions(), housekeeping.exceptions()};
    const WebStatus web{server.counts(), settings.are_in_force(), confiner.confinement(),
                        exceptions};
    return request.gzip_accepted ? compressed_metrics(telemetry, web)
                                 : plain_metrics(telemetry, web);
  };
  const auto mounts = [&telemetry](const HttpRequest&) { return mounts_response(telemetry); };
  const auto healthy = [](const HttpRequest&) {
    return HttpResponse{.body = "fusescope is healthy.\n"};
  };
  const auto ready = [&telemetry](const HttpRequest&) {
    const auto state = telemetry.state();
    if (!state) {
      return HttpResponse{.status = 503,
                          .body = "fusescope is not ready: " + state.error().text + "\n"};
    }
    return HttpResponse{.body = "fusescope is ready: " + *state + ".\n"};
  };
  Routes routes = live_page_routes(FUSESCOPE_VERSION, options.telemetry_path);
  routes["/api/mounts"] = {"mounts", mounts};
  routes["/-/healthy"] = {"healthy", healthy};
  routes["/-/ready"] = {"ready", ready};
  routes[options.telemetry_path] = {"metrics", metrics};
  return routes;
}

Result<void> check_options(const ServeOptions& options) {
  const std::string& path = options.telemetry_path;
  const bool is_taken = path.starts_with("/-/") || path.starts_with("/api/") ||
                        live_page_routes("", "").contains(path);
  if (!path.starts_with('/') || is_taken) {
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

Result<HttpOptions> http_options(const ServeOptions& options, WebSettings& settings) {
  HttpOptions http = {.listen_addresses = options.listen_addresses};
  http.holder_of = [](const Endpoint& taken) { return port_holder(taken.host, taken.port); };
  http.log = [](const std::string& line) { spdlog::warn("http: {}", line); };
  auto web = settings.load();
  if (!web) return std::unexpected(web.error());
  http.web = std::move(*web);
  if (!options.systemd_socket) return http;
  auto listeners = passed_listeners();
  if (!listeners) return std::unexpected(listeners.error());
  http.listeners = std::move(*listeners);
  return http;
}

std::string version_text() {
  const std::string revision = FUSESCOPE_REVISION;
  return "fusescope " FUSESCOPE_VERSION + (revision.empty() ? "" : ", revision " + revision);
}

// Housekeeping until a signal asks to end. Rights go as soon as all hooks are attached for good.
Result<int> run_until_signal(const Signals& signals, const Telemetry& telemetry, Confiner& confiner,
                             const ServiceManager& manager, Housekeeping& housekeeping,
                             HttpServer& server) {
  for (;;) {
    if (!telemetry.needs_privileges()) {
      if (auto confined = confiner.confine(); !confined) return std::unexpected(confined.error());
    }
    const int signal = signals.wait(kHousekeepingInterval);
    if (signal && signal != SIGHUP) return signal;
    if (signal == SIGHUP) housekeeping.reload(server);
    housekeeping.keep(server);
    manager.tell_alive();
  }
}

}  // namespace

Result<void> serve(const ServeOptions& options) {
  set_up_logging(options.log_level, options.log_format);
  ::mallopt(M_MMAP_THRESHOLD, kOwnMapping);
  if (auto checked = check_options(options); !checked) return checked;

  const Signals signals;
  // While there is one thread, and all privileges.
  const ServiceManager manager;
  const auto broker = Broker::start(options.web_config_file);
  if (!broker) return std::unexpected(broker.error());
  WebSettings web_settings(options.web_config_file.empty() ? nullptr : *broker);
  auto http = http_options(options, web_settings);
  if (!http) return std::unexpected(http.error());

  spdlog::info("{}", version_text());
  Telemetry telemetry(options.hooks, options.rule, *broker);
  Housekeeping housekeeping(telemetry, web_settings);
  if (auto started = telemetry.start(); !started) return started;
  Confiner confiner(telemetry, *broker);

  // Listen first, for a port that needs a right; the server's thread has none.
  auto listening = HttpServer::listen(std::move(*http));
  if (!listening) return std::unexpected(listening.error());
  const std::unique_ptr<HttpServer> server = std::move(*listening);
  const auto serving = confiner.run([&] {
    telemetry.start_walking();
    return server->serve(
        routes_of(options, telemetry, *server, web_settings, housekeeping, confiner));
  });
  if (!serving) return serving;
  for (const Endpoint& endpoint : server->listening()) {
    spdlog::info("listening on {}", endpoint.text());
  }

  const auto state = telemetry.state();
  manager.tell_ready(state ? *state : state.error().text);

  const auto signal =
      run_until_signal(signals, telemetry, confiner, manager, housekeeping, *server);
  manager.tell_stopping();
  if (!signal) return std::unexpected(signal.error());
  spdlog::info("ending on signal {}", *signal);
  return {};
}

}  // namespace fusescope

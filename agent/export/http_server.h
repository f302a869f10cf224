// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/error.h"
#include "agent/export/listen_address.h"
#include "agent/export/router.h"
#include "agent/web/web_config.h"

namespace fusescope {

struct HttpOptions {
  std::vector<std::string> listen_addresses = {":10980"};  // as parse_listen_address takes them
  std::vector<Listener> listeners = {};                    // instead of the addresses, if any
  HolderOf holder_of = {};                                 // none: who has a port is not said
  WebConfig web = {};                                      // who is let in, and by TLS or not
  HttpLog log = {};                                        // none: nothing is logged

  // A connection is closed after idle_timeout without a byte, and when a whole request has not come
  // in within request_timeout of its start or of the last answer, or a whole answer has not gone
  // out within as much: neither a silent nor a dribbling client stays.
  std::chrono::seconds idle_timeout{5};
  std::chrono::milliseconds request_timeout{15'000};

  // A client above its own limit, at one listening address, is cut off at once. Above the overall
  // limit the client that has the most connections loses the one that has waited for a request or
  // an answer the longest: a newcomer never waits for those who only hold on, and they cut nobody
  // off.
  unsigned connection_limit = 256;
  unsigned connection_limit_per_client = 64;

  // Holds a connection's request line and headers: longer ones get status 414 or 431.
  std::size_t connection_memory_bytes = 32 * 1024;

  // Answers that clients have not read yet hold this much together, or as much as the largest one:
  // beyond, the client that holds the most loses its oldest answer, and that connection.
  std::size_t held_answer_bytes = 32 * 1024 * 1024;

  // A longer body is compressed if the client accepts that.
  std::size_t uncompressed_body_bytes = 1024;
};

// Answers GET and HEAD, over HTTP/1.1 and 1.0, plain or in TLS, on one thread that never waits for
// a single client. Other methods get status 405 and unknown paths 404.
class HttpServer {
 public:
  // Listens on all addresses, without a thread yet: clients that connect wait for serve(). What
  // needs to be done in between is dropping capabilities, which a thread that already runs would
  // keep. The error names the address. The process-wide panic callback of libmicrohttpd is set too,
  // and logs to the server that was made last.
  static Result<std::unique_ptr<HttpServer>> listen(HttpOptions options);

  // Starts the thread that answers. To be called once. The handlers may use this server.
  Result<void> serve(Routes routes);

  // Who is let in from now on. Connections that are open get one answer more, by the new
  // passwords, and are closed. If it cannot be done, the log tells, and all stays as it is. May
  // be called on any thread, after serve().
  void renew(WebConfig web);

  // Both in one. On an error nothing is left running.
  static Result<std::unique_ptr<HttpServer>> start(HttpOptions options, Routes routes);

  // Closes all connections and waits for the thread: at once, unless a handler is running.
  ~HttpServer();

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // The addresses in the order of the options, with the ports that the kernel chose.
  [[nodiscard]] std::vector<Endpoint> listening() const;

  // The requests answered so far. Those that are no HTTP, or too long, reach no handler and are
  // not counted. May be called on any thread, also in a handler.
  [[nodiscard]] RequestCounts counts() const;

  // Exceptions that have ended neither the process nor its thread. May be called on any thread.
  [[nodiscard]] std::uint64_t exceptions() const;

 private:
  class State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fusescope

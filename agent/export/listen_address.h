// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "agent/base/error.h"
#include "agent/base/unique_fd.h"

namespace fusescope {

// A host and a port as they are written: "HOST:PORT", and "[HOST]:PORT" for IPv6.
struct Endpoint {
  std::string host;  // without brackets; empty: every address of this machine, IPv6 and IPv4
  std::uint16_t port = 0;

  // "127.0.0.1:10980", "[::1]:10980" or ":10980".
  [[nodiscard]] std::string text() const;

  bool operator==(const Endpoint&) const = default;
};

// Parses the value of --web.listen-address: ":10980", "127.0.0.1:10980", "[::1]:10980" or
// "localhost:10980"; port 0 lets the kernel choose one. Names are not looked up here. The error
// quotes the text, gives the reason and shows an example.
Result<Endpoint> parse_listen_address(std::string_view text);

// An IPv4 or IPv6 address as text, without the port; empty for others.
std::string address_text(const sockaddr& address);

// Who has the port of a numeric address, as "prometheus (pid 123)"; empty: not known.
using HolderOf = std::function<std::string(const Endpoint&)>;

struct Listener {
  UniqueFd socket;    // listening, non-blocking, close-on-exec
  Endpoint endpoint;  // numeric host and the actual port
};

// A listening TCP socket that somebody else has opened. Makes it non-blocking and close-on-exec.
// The error says what it is instead.
Result<Listener> adopt_listener(UniqueFd socket);

// Opens a listening TCP socket. An empty host or "::" takes IPv6 and IPv4, or IPv4 alone when the
// host has no IPv6. A name is looked up, which may block, and its first IPv4 address, else its
// first address, is taken. The error names the address, errno and, where it is known, who has the
// port, as in "listen on 127.0.0.1:10980: Address already in use by prometheus (pid 123): choose
// another with --web.listen-address".
Result<Listener> listen_on(const Endpoint& endpoint, const HolderOf& holder_of = {});

}  // namespace fusescope

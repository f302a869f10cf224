// SPDX-License-Identifier: Apache-2.0
#include "agent/export/listen_address.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <expected>
#include <memory>
#include <utility>

namespace fusescope {
namespace {

constexpr int kBacklog = 4096;  // connections that wait while a scrape is being answered; the
                                // kernel cuts it to net.core.somaxconn

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

std::unexpected<Error> bad_address(std::string_view text, std::string_view reason) {
  return std::unexpected(Error{"bad listen address '" + std::string(text) +
                               "': " + std::string(reason) +
                               "; give HOST:PORT, e.g. :10980 or [::1]:10980"});
}

bool is_blank_or_control(char character) {
  const auto byte = static_cast<unsigned char>(character);
  return byte <= ' ' || byte == 0x7f;
}

// A scope ("fe80::1%eth0") is left to getaddrinfo, which knows this host's interfaces.
bool is_ipv6(std::string_view host) {
  const std::string address(host.substr(0, host.find('%')));
  in6_addr parsed{};
  return ::inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
}

const char* advice_for(int error_number) {
  switch (error_number) {
    case EACCES:
      return "ports below 1024 need CAP_NET_BIND_SERVICE; choose another with --web.listen-address";
    case EADDRNOTAVAIL:
      return "no interface of this host has that address; choose another with --web.listen-address";
    default: return "choose another with --web.listen-address";
  }
}

// `address` as numbers; empty if its family is not known, which cannot happen here.
Endpoint numeric_endpoint(const SocketAddress& address) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  Endpoint endpoint;
  if (::getnameinfo(address.get(), address.length, host.data(), host.size(), port.data(),
                    port.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return endpoint;
  }
  endpoint.host = host.data();
  std::from_chars(port.data(), port.data() + std::strlen(port.data()), endpoint.port);
  return endpoint;
}

Result<SocketAddress> resolve(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int status =
      ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (status == EAI_SYSTEM) {
    return std::unexpected(errno_error("look up " + endpoint.host, errno));
  }
  if (status != 0) {
    return std::unexpected(Error{"listen on " + endpoint.text() + ": " + ::gai_strerror(status) +
                                 ": give an address or a name of this host"});
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);

  const addrinfo* chosen = found;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    if (info->ai_family == AF_INET) {
      chosen = info;
      break;
    }
  }
  SocketAddress address;
  std::memcpy(&address.storage, chosen->ai_addr, chosen->ai_addrlen);
  address.length = chosen->ai_addrlen;
  return address;
}

// The listening socket, or errno.
std::expected<UniqueFd, int> open_socket(const SocketAddress& address) {
  const int family = address.storage.ss_family;
  UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return std::unexpected(errno);

  // Lets a restarted agent listen at once, though connections of the last one are in TIME_WAIT.
  const int on = 1;
  const int off = 0;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Explicit, because net.ipv6.bindv6only may have changed the default.
  if (family == AF_INET6 &&
      ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) {
    return std::unexpected(errno);
  }
  if (::bind(socket.get(), address.get(), address.length) != 0 ||
      ::listen(socket.get(), kBacklog) != 0) {
    return std::unexpected(errno);
  }
  return socket;
}

Result<Listener> listener_of(UniqueFd socket) {
  SocketAddress actual;
  actual.length = sizeof actual.storage;
  if (::getsockname(socket.get(), actual.get(), &actual.length) != 0) {
    return std::unexpected(errno_error("ask for the address of a socket", errno));
  }
  return Listener{std::move(socket), numeric_endpoint(actual)};
}

// Why nobody can listen there, and what to do.
Error refusal_of(const Endpoint& endpoint, int error_number, const HolderOf& holder_of) {
  const std::string what = "listen on " + endpoint.text();
  const std::string advice = advice_for(error_number);
  const std::string holder =
      error_number == EADDRINUSE && holder_of ? holder_of(endpoint) : std::string();
  if (holder.empty()) return errno_error(what, error_number, advice);
  return Error{errno_error(what, error_number).text + " by " + holder + ": " + advice};
}

// Whether errno says that this host has no IPv6, rather than that the address is taken.
bool lacks_family(int error_number) {
  return error_number == EAFNOSUPPORT || error_number == EADDRNOTAVAIL;
}

}  // namespace

std::string Endpoint::text() const {
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

Result<Endpoint> parse_listen_address(std::string_view text) {
  if (text.empty()) return bad_address(text, "it is empty");
  if (std::ranges::any_of(text, is_blank_or_control)) {
    return bad_address(text, "it has a space or a control character");
  }
  const std::size_t colon = text.rfind(':');
  const std::size_t bracket = text.rfind(']');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) {
    return bad_address(text, "no port");
  }

  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (!is_ipv6(host)) return bad_address(text, "no IPv6 address between the brackets");
  } else if (host.find_first_of(":[]") != std::string_view::npos) {
    return bad_address(text, "an IPv6 address must be in brackets");
  }

  const std::string_view digits = text.substr(colon + 1);
  if (digits.empty()) return bad_address(text, "no port");
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), port);
  if (end != digits.end()) return bad_address(text, "the port is not a number");
  if (error == std::errc::result_out_of_range) return bad_address(text, "the port is above 65535");
  return Endpoint{std::string(host), port};
}

std::string address_text(const sockaddr& address) {
  SocketAddress copy;
  copy.length = address.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  std::memcpy(&copy.storage, &address, copy.length);
  return numeric_endpoint(copy).host;
}

Result<Listener> listen_on(const Endpoint& endpoint, const HolderOf& holder_of) {
  const bool everywhere = endpoint.host.empty() || endpoint.host == "::";
  const auto address = resolve({everywhere ? "::" : endpoint.host, endpoint.port});
  if (!address) return std::unexpected(address.error());
  auto socket = open_socket(*address);
  if (everywhere && !socket && lacks_family(socket.error())) {
    return listen_on({"0.0.0.0", endpoint.port}, holder_of);
  }
  if (!socket) {
    return std::unexpected(refusal_of(numeric_endpoint(*address), socket.error(), holder_of));
  }
  return listener_of(std::move(*socket));
}

Result<Listener> adopt_listener(UniqueFd socket) {
  const std::string what = "take over file descriptor " + std::to_string(socket.get());
  int listens = 0;
  socklen_t size = sizeof listens;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0) {
    return std::unexpected(errno_error(what, errno));
  }
  int family = 0;
  size = sizeof family;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &family, &size);
  if (!listens || (family != AF_INET && family != AF_INET6)) {
    return std::unexpected(
        Error{what + ": no listening TCP socket: give ListenStream=PORT in the socket unit"});
  }
  const int flags = ::fcntl(socket.get(), F_GETFL);
  if (flags < 0 || ::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0 ||
      ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC) != 0) {
    return std::unexpected(errno_error(what, errno));
  }
  return listener_of(std::move(socket));
}

}  // namespace fusescope

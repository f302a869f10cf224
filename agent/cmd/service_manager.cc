// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <tuple>
#include <utility>

namespace fusescope {

// A path, or "@" and a name that is no file: unix(7).
ServiceManager::ServiceManager() {
  const char* variable = std::getenv("NOTIFY_SOCKET");
  const std::string_view name = variable ? variable : "";
  sockaddr_un address{};
  if (name.empty() || name.size() >= sizeof(address.sun_path)) return;
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path, name.size());
  const bool is_path = name.front() != '@';
  if (!is_path) address.sun_path[0] = '\0';
  const std::size_t length = offsetof(sockaddr_un, sun_path) + name.size() + (is_path ? 1 : 0);
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (socket && ::connect(socket.get(), generic, static_cast<socklen_t>(length)) == 0) {
    socket_ = std::move(socket);
  }
}

void ServiceManager::tell(const std::string& message) const {
  if (socket_) std::ignore = ::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL);
}

void ServiceManager::tell_ready(const std::string& status) const {
  tell("READY=1\nSTATUS=" + status);
}

void ServiceManager::tell_alive() const { tell("WATCHDOG=1"); }

void ServiceManager::tell_stopping() const { tell("STOPPING=1"); }

Result<std::vector<Listener>> passed_listeners() {
  const int count = sd_listen_fds(/*unset_environment=*/1);
  if (count < 0) return std::unexpected(errno_error("take over sockets of systemd", -count));
  if (count == 0) {
    return std::unexpected(Error{
        "--web.systemd-socket: systemd has passed no socket: start fusescope.socket, or leave "
        "the option out"});
  }
  std::vector<Listener> listeners;
  for (int index = 0; index < count; ++index) {
    auto listener = adopt_listener(UniqueFd(SD_LISTEN_FDS_START + index));
    if (!listener) return std::unexpected(listener.error());
    listeners.push_back(std::move(*listener));
  }
  return listeners;
}

}  // namespace fusescope

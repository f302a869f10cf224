// SPDX-License-Identifier: Apache-2.0
#include "agent/host/port_holder.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <climits>
#include <cstdio>
#include <cstring>
#include <span>
#include <sstream>
#include <vector>

#include "agent/host/processes.h"
#include "agent/host/procfs.h"

namespace fusescope {
namespace {

constexpr const char* kListening = "0A";  // TCP_LISTEN, include/net/tcp_states.h
constexpr std::string_view kMapped = "0000000000000000FFFF0000";  // ::ffff:0:0/96, as procfs has it

// As get_tcp4_sock() of net/ipv4/tcp_ipv4.c and get_tcp6_sock() of net/ipv6/tcp_ipv6.c print an
// address: each 32 bits of it as a number of this machine.
std::string hexadecimal(std::span<const std::uint32_t> words) {
  std::string text;
  for (const std::uint32_t word : words) {
    std::array<char, 9> digits{};
    std::snprintf(digits.data(), digits.size(), "%08X", word);
    text += digits.data();
  }
  return text;
}

// Empty if it is no address.
std::string hexadecimal_address(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));
  std::array<std::uint32_t, 4> words{};
  if (inet_pton(AF_INET, text.c_str(), words.data()) == 1)
    return hexadecimal(std::span(words).first(1));
  if (inet_pton(AF_INET6, text.c_str(), words.data()) == 1) return hexadecimal(words);
  return "";
}

bool is_any(std::string_view hexadecimal) {
  return std::ranges::all_of(hexadecimal, [](char digit) { return digit == '0'; });
}

// Whether who listens on one keeps others from listening on the other.
bool overlap(const std::string& one, const std::string& other) {
  return one == other || is_any(one) || is_any(other) || std::string(kMapped) + one == other ||
         std::string(kMapped) + other == one;
}

// The inode of a socket that listens there; empty if none does.
std::string listening_inode(const std::string& table, const std::string& address,
                            std::uint16_t port) {
  std::istringstream lines(read_procfs(table).value_or(""));
  std::array<char, 5> digits{};
  std::snprintf(digits.data(), digits.size(), "%04X", port);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string slot, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >>
        timeout >> inode;
    const auto colon = local.find(':');
    if (state != kListening || colon == std::string::npos) continue;
    if (local.substr(colon + 1) != digits.data()) continue;
    if (overlap(local.substr(0, colon), address)) return inode;
  }
  return "";
}

// What a link of procfs says, without going where it leads: that may be on a FUSE mount.
std::string link_text(const std::string& path) {
  std::array<char, PATH_MAX> text{};
  const ssize_t length = readlink(path.c_str(), text.data(), text.size());
  return length < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(length));
}

bool has_open(const std::string& process, const std::string& link) {
  const std::string directory = process + "/fd/";
  const auto names = list_procfs(directory);
  return names && std::ranges::any_of(*names, [&](const std::string& name) {
           return link_text(directory + name) == link;
         });
}

// A process may call itself anything, and what it is called is printed.
std::string name_of(const std::string& process) {
  std::string name = read_procfs(process + "/comm").value_or("");
  if (name.ends_with('\n')) name.pop_back();
  std::ranges::replace_if(
      name, [](unsigned char character) { return !std::isprint(character); }, '?');
  return name;
}

}  // namespace

std::string port_holder(std::string_view address, std::uint16_t port, const std::string& root) {
  const std::string wanted = hexadecimal_address(address);
  // Its own family first: both may have one, where IPv6 is kept to itself.
  std::array tables = {"/proc/net/tcp", "/proc/net/tcp6"};
  if (wanted.size() > sizeof "0100007F") std::ranges::reverse(tables);
  for (const char* table : tables) {
    const std::string inode = listening_inode(root + table, wanted, port);
    if (inode.empty()) continue;
    for (const pid_t id : all_processes(root)) {
      const std::string process = root + "/proc/" + std::to_string(id);
      if (has_open(process, "socket:[" + inode + "]")) {
        return name_of(process) + " (pid " + std::to_string(id) + ")";
      }
    }
  }
  return "";
}

}  // namespace fusescope

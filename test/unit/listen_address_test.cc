// SPDX-License-Identifier: Apache-2.0
#include "agent/export/listen_address.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>

namespace fusescope {
namespace {

using namespace std::string_literals;

TEST(ListenAddress, Parses) {
  struct Case {
    const char* text;
    Endpoint expected;
  };
  const Case cases[] = {
      {":10980", {"", 10980}},
      {"0.0.0.0:9", {"0.0.0.0", 9}},
      {"127.0.0.1:1", {"127.0.0.1", 1}},
      {"[::1]:1", {"::1", 1}},
      {"[::]:65535", {"::", 65535}},
      {"localhost:0", {"localhost", 0}},
      {"[fe80::1%eth0]:80", {"fe80::1%eth0", 80}},
  };
  for (const Case& row : cases) {
    const auto endpoint = parse_listen_address(row.text);
    ASSERT_TRUE(endpoint) << endpoint.error().text;
    EXPECT_EQ(*endpoint, row.expected) << row.text;
    EXPECT_EQ(endpoint->text(), row.text);
  }
}

TEST(ListenAddress, SaysWhatIsWrong) {
  struct Case {
    std::string text;
    const char* reason;
  };
  const Case cases[] = {
      {"", "it is empty"},
      {"abc", "no port"},
      {"10980", "no port"},
      {":", "no port"},
      {"localhost:", "no port"},
      {"[::1]", "no port"},
      {":http", "the port is not a number"},
      {":80x", "the port is not a number"},
      {":-1", "the port is not a number"},
      {":+1", "the port is not a number"},
      {":65536", "the port is above 65535"},
      {":99999999999999999999", "the port is above 65535"},
      {" :80", "it has a space or a control character"},
      {":80\n", "it has a space or a control character"},
      {"local host:80", "it has a space or a control character"},
      {"a\0:80"s, "it has a space or a control character"},
      {"::1:80", "an IPv6 address must be in brackets"},
      {"[::1:80", "an IPv6 address must be in brackets"},
      {"::1]:80", "an IPv6 address must be in brackets"},
      {"[]:80", "no IPv6 address between the brackets"},
      {"[localhost]:80", "no IPv6 address between the brackets"},
      {"[127.0.0.1]:80", "no IPv6 address between the brackets"},
  };
  for (const Case& row : cases) {
    const auto endpoint = parse_listen_address(row.text);
    ASSERT_FALSE(endpoint) << row.text;
    EXPECT_EQ(endpoint.error().text, "bad listen address '" + row.text + "': " + row.reason +
                                         "; give HOST:PORT, e.g. :10980 or [::1]:10980");
  }
}

TEST(ListenOn, ReportsThePortThatTheKernelChose) {
  const auto listener = listen_on({"127.0.0.1", 0});
  ASSERT_TRUE(listener) << listener.error().text;
  EXPECT_EQ(listener->endpoint.host, "127.0.0.1");
  EXPECT_NE(listener->endpoint.port, 0);
}

TEST(ListenOn, TakesANameOfThisHost) {
  const auto listener = listen_on({"localhost", 0});
  ASSERT_TRUE(listener) << listener.error().text;
  EXPECT_EQ(listener->endpoint.host, "127.0.0.1");
}

TEST(ListenOn, SaysThatAnAddressIsTaken) {
  const auto first = listen_on({"127.0.0.1", 0});
  ASSERT_TRUE(first) << first.error().text;
  const auto second = listen_on(first->endpoint);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().text, "listen on " + first->endpoint.text() +
                                     ": Address already in use: choose another with "
                                     "--web.listen-address");
}

TEST(ListenOn, SaysWhoHasTheAddress) {
  const auto first = listen_on({"127.0.0.1", 0});
  ASSERT_TRUE(first) << first.error().text;
  const auto second = listen_on(first->endpoint, [](const Endpoint& taken) {
    return "the holder of " + taken.text() + " (pid 123)";
  });
  ASSERT_FALSE(second);
  const std::string address = first->endpoint.text();
  EXPECT_EQ(second.error().text, "listen on " + address +
                                     ": Address already in use by the holder of " + address +
                                     " (pid 123): choose another with --web.listen-address");
}

TEST(ListenOn, SaysThatAnAddressIsNotOfThisHost) {
  const auto listener = listen_on({"192.0.2.1", 10980});
  ASSERT_FALSE(listener);
  EXPECT_TRUE(listener.error().text.starts_with(
      "listen on 192.0.2.1:10980: Cannot assign requested address: no interface"))
      << listener.error().text;
}

TEST(ListenOn, SaysThatANameIsUnknown) {
  const auto listener = listen_on({"name..invalid", 80});
  ASSERT_FALSE(listener);
  EXPECT_TRUE(listener.error().text.starts_with("listen on name..invalid:80: "))
      << listener.error().text;
}

// Makes socket(2) fail for IPv6 in this process, as on a kernel that was booted without it.
bool take_ipv6_away() {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{static_cast<unsigned short>(std::size(filter)), filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

[[noreturn]] void listen_everywhere_without_ipv6(const std::string& host) {
  if (!take_ipv6_away()) std::_Exit(2);
  const auto listener = listen_on({host, 0});
  std::_Exit(listener && listener->endpoint.host == "0.0.0.0" ? 0 : 1);
}

TEST(ListenOnDeathTest, FallsBackToIpv4) {
  EXPECT_EXIT(listen_everywhere_without_ipv6(""), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(listen_everywhere_without_ipv6("::"), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace fusescope

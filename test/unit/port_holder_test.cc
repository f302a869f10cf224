// SPDX-License-Identifier: Apache-2.0
#include "agent/host/port_holder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "agent/export/listen_address.h"
#include "temporary_directory.h"

namespace fusescope {
namespace {

constexpr const char* kHeading =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n";

std::string row(const std::string& address_and_port, const std::string& state,
                const std::string& inode) {
  return "   0: " + address_and_port + " 00000000:0000 " + state +
         " 00000000:00000000 00:00000000 00000000     0        0 " + inode +
         " 1 0000000000000000 100 0 0 10 0\n";
}

// A host on which prometheus has the socket with inode 77.
class Host : public TemporaryDirectory {
 public:
  explicit Host(const std::string& tcp, const std::string& tcp6 = "") {
    write("proc/net/tcp", kHeading + tcp);
    write("proc/net/tcp6", kHeading + tcp6);
    write("proc/4711/comm", "prometheus\n");
    link("proc/4711/fd/0", "/dev/null");
    link("proc/4711/fd/7", "socket:[77]");
    write("proc/1/comm", "other\n");
    link("proc/1/fd/7", "socket:[777]");
  }

  [[nodiscard]] std::string holder(const std::string& address) const {
    return port_holder(address, 10980, path());
  }
};

const std::string kHolder = "prometheus (pid 4711)";
const std::string kAny6 = "00000000000000000000000000000000:2AE4";

TEST(PortHolder, IsFoundOnTheSameAddress) {
  const Host host(row("0100007F:2AE4", "0A", "77"),
                  row("00000000000000000000000001000000:2AE4", "0A", "777"));
  EXPECT_EQ(host.holder("127.0.0.1"), kHolder);
  EXPECT_EQ(host.holder("::1"), "other (pid 1)");
}

TEST(PortHolder, IsFoundOnAllAddresses) {
  for (const char* address : {"127.0.0.1", "0.0.0.0", "::", "::1", "fe80::1%eth0"}) {
    EXPECT_EQ(Host("", row(kAny6, "0A", "77")).holder(address), kHolder) << address;
  }
  EXPECT_EQ(Host(row("00000000:2AE4", "0A", "77")).holder("192.0.2.1"), kHolder);
  EXPECT_EQ(Host(row("0100007F:2AE4", "0A", "77")).holder("::"), kHolder);
}

TEST(PortHolder, IsFoundInItsOwnFamilyFirst) {
  const Host host(row("00000000:2AE4", "0A", "77"), row(kAny6, "0A", "777"));
  EXPECT_EQ(host.holder("127.0.0.1"), kHolder);
  EXPECT_EQ(host.holder("::1"), "other (pid 1)");
}

TEST(PortHolder, IsFoundOnAnIpv4AddressInIpv6) {
  const std::string mapped = "0000000000000000FFFF00000100007F:2AE4";
  EXPECT_EQ(Host("", row(mapped, "0A", "77")).holder("127.0.0.1"), kHolder);
  EXPECT_EQ(Host(row("0100007F:2AE4", "0A", "77")).holder("::ffff:127.0.0.1"), kHolder);
}

TEST(PortHolder, IsNobodyElse) {
  EXPECT_EQ(Host(row("0200007F:2AE4", "0A", "77")).holder("127.0.0.1"), "") << "another address";
  EXPECT_EQ(Host(row("0100007F:2AE5", "0A", "77")).holder("127.0.0.1"), "") << "another port";
  EXPECT_EQ(Host(row("0100007F:2AE4", "01", "77")).holder("127.0.0.1"), "") << "a connection";
  EXPECT_EQ(Host(row("0100007F:2AE4", "0A", "78")).holder("127.0.0.1"), "") << "of no process here";
}

TEST(PortHolder, IsNamedWithoutWhatATerminalWouldObey) {
  const Host host(row("0100007F:2AE4", "0A", "77"));
  host.write("proc/4711/comm", "a\033[2J\nb\n");
  EXPECT_EQ(host.holder("127.0.0.1"), "a?[2J?b (pid 4711)");
}

TEST(PortHolder, IsFoundOnThisHost) {
  const auto listener = listen_on({"127.0.0.1", 0});
  ASSERT_TRUE(listener) << listener.error().text;
  EXPECT_EQ(port_holder("127.0.0.1", listener->endpoint.port),
            "unit_tests (pid " + std::to_string(getpid()) + ")");
}

}  // namespace
}  // namespace fusescope

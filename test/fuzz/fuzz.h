// SPDX-License-Identifier: Apache-2.0
// What a fuzz target is, and what it is made of. A target takes any bytes, as they come from
// outside, hands them to a parser or a writer of the agent, and ends the process where a promise
// does not hold.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace fusescope::fuzz {

// One of each file beside this one that bears its name.
void certificate_names(std::string_view bytes);
void doctor_report(std::string_view bytes);
void exposition(std::string_view bytes);
void http_request(std::string_view bytes);
void http_server(std::string_view bytes);
void kernel_facts(std::string_view bytes);
void label_text(std::string_view bytes);
void libbpf_log(std::string_view bytes);
void listen_address(std::string_view bytes);
void live_json(std::string_view bytes);
void mountinfo(std::string_view bytes);
void mounts(std::string_view bytes);
void path_mounts(std::string_view bytes);
void port_holder(std::string_view bytes);
void processes(std::string_view bytes);
void stat_report(std::string_view bytes);
void tls_names(std::string_view bytes);
void top_screen(std::string_view bytes);
void trace_filter(std::string_view bytes);
void trace_line(std::string_view bytes);
void verify_report(std::string_view bytes);
void web_config(std::string_view bytes);

// Says which promise was broken, and aborts.
void hold(bool promise, std::string_view what, std::string_view output = "");

// Values taken from bytes, one behind the other. When none are left, numbers are 0 and texts empty.
class Source {
 public:
  explicit Source(std::string_view bytes) : bytes_(bytes) {}

  template <class Number>
  Number number() {
    static_assert(std::is_trivially_copyable_v<Number>);
    Number value{};
    const std::size_t size = std::min(sizeof value, bytes_.size());
    std::memcpy(&value, bytes_.data(), size);
    bytes_.remove_prefix(size);
    return value;
  }

  bool flag() { return number<std::uint8_t>() & 1; }

  // From 0 to `most`, 255 at most.
  unsigned up_to(unsigned most) { return number<std::uint8_t>() % (most + 1); }

  // Behind a byte that is its length; 255 stands for a length of two bytes that follow.
  std::string text() {
    std::size_t length = number<std::uint8_t>();
    if (length == 255) length = number<std::uint16_t>();
    return std::string(take(length));
  }

  // Up to the separator, which is left out; empty if none is left.
  std::string_view until(std::string_view separator) {
    const std::size_t end = std::min(bytes_.find(separator), bytes_.size());
    const std::string_view part = take(end);
    take(separator.size());
    return part;
  }

  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] std::string_view rest() const { return bytes_; }

 private:
  std::string_view take(std::size_t length) {
    const std::string_view taken = bytes_.substr(0, length);
    bytes_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view bytes_;
};

}  // namespace fusescope::fuzz

// SPDX-License-Identifier: Apache-2.0
#include "agent/export/listen_address.h"

#include "test/fuzz/fuzz.h"

namespace fusescope::fuzz {

void listen_address(std::string_view bytes) {
  const auto endpoint = parse_listen_address(bytes);
  if (!endpoint) {
    hold(endpoint.error().text.contains(bytes), "the error quotes the address",
         endpoint.error().text);
    return;
  }
  const auto again = parse_listen_address(endpoint->text());
  hold(again && *again == *endpoint, "an address that is written is read back", endpoint->text());
}

}  // namespace fusescope::fuzz

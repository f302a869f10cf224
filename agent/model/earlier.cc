// SPDX-License-Identifier: Apache-2.0
#include "agent/model/earlier.h"

#include <algorithm>

#include "bpf/abi/abi.h"

namespace fusescope {
namespace {

constexpr int kListings = 2;

}  // namespace

const EarlierRequests::Connection* EarlierRequests::confirmed(std::uint64_t connection) const {
  const auto found = connections_.find(connection);
  if (found == connections_.end() || found->second.listings < kListings) return nullptr;
  return &found->second;
}

bool EarlierRequests::needs_listing(const Addresses& connections) const {
  return std::ranges::any_of(connections, [&](std::uint64_t connection) {
    const Connection* known = confirmed(connection);
    return !known || !known->requests.empty();
  });
}

bool EarlierRequests::knows(const Addresses& connections) const {
  return std::ranges::all_of(connections,
                             [&](std::uint64_t connection) { return confirmed(connection); });
}

void EarlierRequests::look(const Addresses& connections, const Listing& listing) {
  std::erase_if(connections_, [&](const auto& each) { return !connections.contains(each.first); });
  for (const std::uint64_t connection : connections) {
    Connection& known = connections_[connection];
    const auto found = listing.requests.find(connection);
    const Addresses listed = found == listing.requests.end() ? Addresses{} : found->second;
    if (known.listings == 0) {
      known.requests.insert(listed.begin(), listed.end());
    } else if (!listing.is_cut) {
      std::erase_if(known.requests, [&](std::uint64_t each) { return !listed.contains(each); });
    }
    if (listing.is_cut) continue;
    known.listings = known.requests.empty() ? kListings : std::min(known.listings + 1, kListings);
  }
}

std::uint64_t EarlierRequests::sent(std::uint64_t connection) const {
  const Connection* known = confirmed(connection);
  return known ? known->requests.size() : 0;
}

std::uint64_t EarlierRequests::unsent(std::uint64_t connection, const WaitingNow& now) {
  if (!confirmed(connection)) return 0;
  Connection& known = connections_[connection];
  const std::uint64_t told = now.own + now.blocked + known.requests.size();
  const std::uint64_t rest = now.waiting > told ? now.waiting - told : 0;
  const bool may_be_more = now.may_block || known.requests.size() >= FUSESCOPE_LIST_LENGTH;
  const bool is_left = may_be_more && !known.requests.empty();
  known.unsent = is_left ? std::min(known.unsent.value_or(rest), rest) : 0;
  return *known.unsent;
}

}  // namespace fusescope

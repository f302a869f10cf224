// SPDX-License-Identifier: Apache-2.0
#include "agent/export/held_answers.h"

#include <algorithm>
#include <map>
#include <utility>

namespace fusescope {

HeldAnswers::Held HeldAnswers::hold(std::string client, std::string body) {
  make_room(body.size());
  bytes_ += body.size();
  return answers_.insert(answers_.end(), {.client = std::move(client), .body = std::move(body)});
}

void HeldAnswers::release(Held answer) {
  bytes_ -= answer->body.size();
  answers_.erase(answer);
}

void HeldAnswers::make_room(std::size_t bytes) {
  while (bytes_ > 0 && bytes_ + bytes > limit_) {
    const std::string client = greediest();
    const auto oldest = std::ranges::find_if(
        answers_, [&](const Answer& each) { return each.client == client && !each.body.empty(); });
    bytes_ -= oldest->body.size();
    oldest->body = std::string();  // which, unlike clear(), gives the memory back
    oldest->is_given_up = true;
    given_up_++;
  }
}

// Expects that something is held.
std::string HeldAnswers::greediest() const {
  std::map<std::string, std::size_t> held;
  for (const Answer& each : answers_) held[each.client] += each.body.size();
  return std::ranges::max_element(held, {}, [](const auto& entry) { return entry.second; })->first;
}

}  // namespace fusescope

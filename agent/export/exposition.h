// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/metric_family.h>

#include <functional>
#include <memory>
#include <string_view>

namespace fusescope {

// Takes the next piece of a text.
using TakeText = std::function<void(std::string_view)>;

// Families as the text exposition format, version 0.0.4, in pieces: the whole text is nowhere,
// unless who takes it keeps it. What `take` throws, add() throws.
class Exposition {
 public:
  explicit Exposition(TakeText take);
  ~Exposition();

  void add(prometheus::MetricFamily family);

 private:
  class Pieces;
  std::unique_ptr<Pieces> pieces_;
};

}  // namespace fusescope

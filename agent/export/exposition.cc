// SPDX-License-Identifier: Apache-2.0
#include "agent/export/exposition.h"

#include <prometheus/text_serializer.h>

#include <array>
#include <ostream>
#include <streambuf>
#include <utility>
#include <vector>

namespace fusescope {

// What the serializer writes to: gives away each buffer that is full.
class Exposition::Pieces : public std::streambuf {
 public:
  explicit Pieces(TakeText take) : take_(std::move(take)) {
    setp(buffer_.data(), buffer_.data() + buffer_.size());
  }

  void give() {
    take_({pbase(), pptr()});
    setp(buffer_.data(), buffer_.data() + buffer_.size());
  }

 private:
  int_type overflow(int_type next) override {
    give();
    return traits_type::eq_int_type(next, traits_type::eof())
               ? traits_type::not_eof(next)
               : sputc(traits_type::to_char_type(next));
  }

  static constexpr std::size_t kPiece = 64 * 1024;

  TakeText take_;
  std::array<char, kPiece> buffer_{};
};

Exposition::Exposition(TakeText take) : pieces_(std::make_unique<Pieces>(std::move(take))) {}
Exposition::~Exposition() = default;

void Exposition::add(prometheus::MetricFamily family) {
  std::vector<prometheus::MetricFamily> families;
  families.push_back(std::move(family));
  std::ostream out(pieces_.get());
  out.exceptions(std::ios::badbit);  // and so what `take` throws comes through
  prometheus::TextSerializer().Serialize(out, families);
  pieces_->give();
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "agent/base/error.h"

namespace fusescope {

// Whether the value of an Accept-Encoding header (RFC 9110, 12.5.3) lets the answer be gzip:
// "gzip", "x-gzip" or, when neither is named, "*", with a weight above zero. A weight that cannot
// be read counts as zero, since the plain answer is always understood. Several headers of that name
// are to be joined with commas first.
bool accepts_gzip(std::string_view accept_encoding);

// Makes one gzip member (RFC 1952) of pieces, so that the bytes themselves need not be held.
class GzipWriter {
 public:
  GzipWriter();
  ~GzipWriter();

  void add(std::string_view bytes);

  // All of it, once. Fails only when memory ran out.
  Result<std::string> finish();

 private:
  struct Stream;
  int run(int flush);

  std::unique_ptr<Stream> stream_;
  std::string compressed_;
};

// The same at once.
Result<std::string> gzip_compress(std::string_view bytes);

}  // namespace fusescope

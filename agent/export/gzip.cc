// SPDX-License-Identifier: Apache-2.0
#include "agent/export/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

namespace fusescope {
namespace {

constexpr int kGzipFraming = 16;  // added to the window bits it means "gzip header and trailer"
constexpr int kMemoryLevel = 8;   // zlib's default

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = trimmed(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(left, right, {}, lower, lower);
}

// Whether the parameters ("q=0.5") leave a weight above zero; 1 when no weight is given.
bool has_weight(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view value = take_until(parameters, ';');
    if (!equal_ignoring_case(take_until(value, '='), "q")) continue;
    double weight = 0;
    const std::string_view number = trimmed(value);
    const auto [end, error] = std::from_chars(number.begin(), number.end(), weight);
    return error == std::errc{} && end == number.end() && weight > 0;
  }
  return true;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<bool> named;
  bool any = false;
  while (!accept_encoding.empty()) {
    std::string_view parameters = take_until(accept_encoding, ',');
    const std::string_view coding = take_until(parameters, ';');
    if (equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip")) {
      named = named.value_or(false) || has_weight(parameters);
    } else if (coding == "*") {
      any = has_weight(parameters);
    }
  }
  return named.value_or(any);
}

struct GzipWriter::Stream : z_stream {
  // The fastest level: exposition text is so repetitive that the higher ones gain little.
  Stream()
      : z_stream{},
        begun(::deflateInit2(this, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + kGzipFraming, kMemoryLevel,
                             Z_DEFAULT_STRATEGY) == Z_OK) {}
  ~Stream() { ::deflateEnd(this); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  bool begun;
};

GzipWriter::GzipWriter() : stream_(std::make_unique<Stream>()) {}
GzipWriter::~GzipWriter() = default;

void GzipWriter::add(std::string_view bytes) {
  constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kMost))) {
    // zlib does not write to its input.
    stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_->avail_in = static_cast<uInt>(std::min(bytes.size(), kMost));
    run(Z_NO_FLUSH);
  }
}

Result<std::string> GzipWriter::finish() {
  if (!stream_->begun) return std::unexpected(Error{"compress the answer: out of memory"});
  if (run(Z_FINISH) != Z_STREAM_END) {
    return std::unexpected(Error{"compress the answer: deflate did not finish"});
  }
  return std::move(compressed_);
}

// Until there is nothing left to be written.
int GzipWriter::run(int flush) {
  std::array<char, 16 * 1024> piece{};
  int status = Z_STREAM_ERROR;
  if (!stream_->begun) return status;
  do {
    stream_->next_out = reinterpret_cast<Bytef*>(piece.data());
    stream_->avail_out = piece.size();
    status = ::deflate(stream_.get(), flush);
    compressed_.append(piece.data(), piece.size() - stream_->avail_out);
  } while (stream_->avail_out == 0);
  return status;
}

Result<std::string> gzip_compress(std::string_view bytes) {
  GzipWriter writer;
  writer.add(bytes);
  return writer.finish();
}

}  // namespace fusescope

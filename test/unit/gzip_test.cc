// SPDX-License-Identifier: Apache-2.0
#include "agent/export/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <string_view>

namespace fusescope {
namespace {

std::string gunzip(std::string compressed, std::size_t size) {
  std::string bytes(size + 1, '\0');  // a byte more, to see it if there is too much
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  bytes.resize(stream.total_out);
  inflateEnd(&stream);
  return bytes;
}

TEST(Gzip, GivesBackWhatWentIn) {
  std::string noise;
  for (unsigned i = 0, value = 1; i < 300'000; ++i) {
    value = value * 1664525 + 1013904223;
    noise += static_cast<char>(value >> 24);
  }
  for (const std::string& bytes :
       {std::string(), std::string("a"), std::string(5'000'000, 'x'), noise}) {
    const auto compressed = gzip_compress(bytes);
    ASSERT_TRUE(compressed) << compressed.error().text;
    EXPECT_TRUE(gunzip(*compressed, bytes.size()) == bytes) << bytes.size() << " bytes";
  }
}

TEST(Gzip, ShrinksRepetitiveText) {
  EXPECT_LT(gzip_compress(std::string(1'000'000, 'x'))->size(), 10'000U);
}

TEST(AcceptEncoding, AllowsGzip) {
  for (const char* value :
       {"gzip", "GZIP", "x-gzip", "deflate, gzip", "gzip;q=0.001", "gzip ; q=1.0", "gzip;Q=0.5",
        "br;q=1.0, gzip;q=0.8, *;q=0.1", "*", "*;q=0.5", "deflate;q=0,*", "gzip,*;q=0",
        "gzip;level=9;q=1", ", ,gzip"}) {
    EXPECT_TRUE(accepts_gzip(value)) << value;
  }
}

TEST(AcceptEncoding, RefusesGzip) {
  for (const char* value : {"", "identity", "deflate, br", "gzip;q=0", "gzip;q=0.0", "gzip;q=0.000",
                            "gzip ; q = 0", "*;q=0", "gzip;q=0, *", "*, gzip;q=0", "gzip;q=",
                            "gzip;q=much", "gzip;q=-1", "gzipped", "not-gzip", ";q=1", ",,,"}) {
    EXPECT_FALSE(accepts_gzip(value)) << value;
  }
}

}  // namespace
}  // namespace fusescope

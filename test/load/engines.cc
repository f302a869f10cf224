// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "load/engine.h"

namespace sgio {
namespace {

constexpr std::array kinds = {
    EngineKind{
        .name = "vector", .what = "preadv, pwritev", .make = make_vector, .takes_segments = true},
    EngineKind{.name = "plain", .what = "pread, pwrite", .make = make_plain},
    EngineKind{.name = "stream", .what = "read, write at the file position", .make = make_stream},
    EngineKind{.name = "streamv",
               .what = "readv, writev at the file position",
               .make = make_stream_vector,
               .takes_segments = true},
    EngineKind{.name = "aio",
               .what = "io_submit of PREADV, PWRITEV; of PREAD, PWRITE with one segment",
               .make = make_aio,
               .takes_segments = true,
               .takes_queue_depth = true},
    EngineKind{.name = "uring",
               .what = "io_uring READV, WRITEV; READ, WRITE with one segment",
               .make = make_uring,
               .takes_segments = true,
               .takes_queue_depth = true},
    EngineKind{.name = "mmap", .what = "touches each page of a mapping", .make = make_mmap},
    EngineKind{.name = "splice", .what = "from the file to a pipe, or back", .make = make_splice},
    EngineKind{.name = "sendfile",
               .what = "from the file to /dev/null, or from memory to it",
               .make = make_sendfile},
    EngineKind{.name = "copy",
               .what = "copy_file_range to --to",
               .make = make_copy,
               .writes = false,
               .fills_buffers = false},
};

}  // namespace

std::span<const EngineKind> engine_kinds() { return kinds; }

const EngineKind* find_engine(std::string_view name) {
  const auto* const kind = std::ranges::find(kinds, name, &EngineKind::name);
  return kind == kinds.end() ? nullptr : kind;
}

}  // namespace sgio

// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <cerrno>

#include "fs/filesystem.h"

namespace countfs {
namespace {

// An open file's handle is its node, so that READ and WRITE need no lookup.
Node& node_of(const fuse_file_info& file) { return *reinterpret_cast<Node*>(file.fh); }

void prepare_open(const Options& options, Node& node, fuse_file_info& file) {
  if ((file.flags & O_TRUNC) != 0) static_cast<void>(node.resize(0));  // shrinking cannot fail
  file.fh = reinterpret_cast<std::uint64_t>(&node);
  file.direct_io = options.direct_io ? 1 : 0;
  file.keep_cache = options.keep_cache ? 1 : 0;
}

void open_file(fuse_req_t request, fuse_ino_t number, fuse_file_info* file) {
  Filesystem& filesystem = filesystem_of(request);
  Node* const node = filesystem.tree.find(number);
  if (node == nullptr) {
    fuse_reply_err(request, ESTALE);
    return;
  }
  if (filesystem.options.refuse_direct && (file->flags & O_DIRECT) != 0) {
    fuse_reply_err(request, EINVAL);
    return;
  }
  prepare_open(filesystem.options, *node, *file);
  fuse_reply_open(request, file);
}

Outcome<Node*> make_or_find(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode,
                            bool exclusive) {
  MemoryTree& tree = filesystem_of(request).tree;
  Node* const directory = tree.find(parent);
  if (directory == nullptr) return std::unexpected(ESTALE);
  const fuse_ctx& caller = *fuse_req_ctx(request);
  auto made =
      tree.make(*directory, name, S_IFREG | mode, {.user = caller.uid, .group = caller.gid});
  if (made || made.error() != EEXIST || exclusive) return made;
  return tree.lookup(*directory, name);
}

void create_file(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode,
                 fuse_file_info* file) {
  const auto node = make_or_find(request, parent, name, mode, (file->flags & O_EXCL) != 0);
  if (!node) {
    fuse_reply_err(request, node.error());
    return;
  }
  const Filesystem& filesystem = filesystem_of(request);
  prepare_open(filesystem.options, **node, *file);
  const fuse_entry_param entry = entry_of(filesystem, **node);
  fuse_reply_create(request, &entry, file);
}

// The errno that a READ or WRITE of a file opened in this way must fail with, or 0.
int refusal_of(const Options& options, int flags, bool is_read) {
  if (options.refuse_direct_data && (flags & O_DIRECT) != 0) return EINVAL;
  if (!is_read) return options.faults.write_error;
  const bool is_writer = (flags & O_ACCMODE) != O_RDONLY;
  return options.refuse_reads_of_writers && is_writer ? EPERM : 0;
}

// Waits or fails as the command line asks for; true when the request has been replied to.
bool replied_by_fault(fuse_req_t request, const fuse_file_info& file, bool is_read) {
  Filesystem& filesystem = filesystem_of(request);
  filesystem.faults.delay();
  int error = refusal_of(filesystem.options, file.flags, is_read);
  if (error == 0) error = filesystem.faults.next_error();
  if (error != 0) fuse_reply_err(request, error);
  return error != 0;
}

void read_data(fuse_req_t request, fuse_ino_t /*number*/, size_t size, off_t offset,
               fuse_file_info* file) {
  if (replied_by_fault(request, *file, true)) return;
  Faults& faults = filesystem_of(request).faults;
  const std::shared_ptr<const Node> node = node_of(*file).shared_from_this();
  node->read(static_cast<std::uint64_t>(offset), size, [&](std::span<const std::byte> data) {
    fuse_reply_buf(request, reinterpret_cast<const char*>(data.data()),
                   faults.next_read_length(data.size()));
  });
}

void write_data(fuse_req_t request, fuse_ino_t /*number*/, const char* data, size_t size,
                off_t offset, fuse_file_info* file) {
  if (replied_by_fault(request, *file, false)) return;
  size = filesystem_of(request).faults.next_write_length(size);
  const auto written = node_of(*file).write(static_cast<std::uint64_t>(offset),
                                            std::as_bytes(std::span(data, size)));
  if (written) {
    fuse_reply_write(request, size);
  } else {
    fuse_reply_err(request, written.error());
  }
}

void flush_file(fuse_req_t request, fuse_ino_t /*number*/, fuse_file_info* /*file*/) {
  fuse_reply_err(request, 0);
}

void sync_file(fuse_req_t request, fuse_ino_t /*number*/, int /*data_only*/,
               fuse_file_info* /*file*/) {
  fuse_reply_err(request, 0);
}

void allocate(fuse_req_t request, fuse_ino_t /*number*/, int mode, off_t offset, off_t length,
              fuse_file_info* file) {
  Node& node = node_of(*file);
  const off_t end = offset + length;
  if (mode == FALLOC_FL_KEEP_SIZE || (mode == 0 && end <= node.attributes().st_size)) {
    fuse_reply_err(request, 0);
  } else if (mode == 0) {
    reply_outcome(request, node.resize(static_cast<std::uint64_t>(end)));
  } else {
    fuse_reply_err(request, EOPNOTSUPP);
  }
}

void copy_range(fuse_req_t request, fuse_ino_t /*from_number*/, off_t from_offset,
                fuse_file_info* from, fuse_ino_t /*to_number*/, off_t to_offset, fuse_file_info* to,
                size_t length, int /*flags*/) {
  std::vector<std::byte> data;  // a copy, because both may be the same file
  node_of(*from).read(
      static_cast<std::uint64_t>(from_offset), length,
      [&](std::span<const std::byte> source) { data.assign(source.begin(), source.end()); });
  const auto written = node_of(*to).write(static_cast<std::uint64_t>(to_offset), data);
  if (written) {
    fuse_reply_write(request, data.size());
  } else {
    fuse_reply_err(request, written.error());
  }
}

}  // namespace

void add_data_operations(fuse_lowlevel_ops& operations, const Options& options) {
  operations.open = open_file;
  operations.create = create_file;
  operations.read = read_data;
  operations.write = write_data;
  operations.flush = flush_file;
  operations.release = flush_file;
  operations.fsync = sync_file;
  operations.fallocate = allocate;
  if (options.copy_file_range) operations.copy_file_range = copy_range;
}

}  // namespace countfs

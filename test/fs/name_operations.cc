// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstdio>
#include <ctime>

#include "fs/filesystem.h"

namespace countfs {
namespace {

using Entries = std::vector<MemoryTree::Entry>;

Node* node_or_error(fuse_req_t request, fuse_ino_t number) {
  Node* const node = filesystem_of(request).tree.find(number);
  if (node == nullptr) fuse_reply_err(request, ESTALE);
  return node;
}

void reply_attributes(fuse_req_t request, const Node& node) {
  const struct stat attributes = node.attributes();
  fuse_reply_attr(request, &attributes, filesystem_of(request).options.attribute_timeout);
}

void make_node(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode) {
  Node* const directory = node_or_error(request, parent);
  if (directory == nullptr) return;
  const fuse_ctx& caller = *fuse_req_ctx(request);
  reply_entry(request, filesystem_of(request).tree.make(*directory, name, mode,
                                                        {.user = caller.uid, .group = caller.gid}));
}

void lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  Node* const directory = node_or_error(request, parent);
  if (directory == nullptr) return;
  reply_entry(request, filesystem_of(request).tree.lookup(*directory, name));
}

void forget(fuse_req_t request, fuse_ino_t number, uint64_t count) {
  filesystem_of(request).tree.forget(number, count);
  fuse_reply_none(request);
}

void forget_many(fuse_req_t request, size_t count, fuse_forget_data* list) {
  for (const fuse_forget_data& item : std::span(list, count)) {
    filesystem_of(request).tree.forget(item.ino, item.nlookup);
  }
  fuse_reply_none(request);
}

void get_attributes(fuse_req_t request, fuse_ino_t number, fuse_file_info* /*file*/) {
  if (const Node* node = node_or_error(request, number)) reply_attributes(request, *node);
}

timespec time_to_set(int wanted, int now_flag, const timespec& given) {
  timespec time = given;
  if ((wanted & now_flag) != 0) clock_gettime(CLOCK_REALTIME, &time);
  return time;
}

void change(struct stat& attributes, const struct stat& given, int wanted) {
  constexpr mode_t permissions = 07777;
  if ((wanted & FUSE_SET_ATTR_MODE) != 0) {
    attributes.st_mode = (attributes.st_mode & ~permissions) | (given.st_mode & permissions);
  }
  if ((wanted & FUSE_SET_ATTR_UID) != 0) attributes.st_uid = given.st_uid;
  if ((wanted & FUSE_SET_ATTR_GID) != 0) attributes.st_gid = given.st_gid;
  if ((wanted & FUSE_SET_ATTR_ATIME) != 0) {
    attributes.st_atim = time_to_set(wanted, FUSE_SET_ATTR_ATIME_NOW, given.st_atim);
  }
  if ((wanted & FUSE_SET_ATTR_MTIME) != 0) {
    attributes.st_mtim = time_to_set(wanted, FUSE_SET_ATTR_MTIME_NOW, given.st_mtim);
  }
  if ((wanted & FUSE_SET_ATTR_CTIME) != 0) attributes.st_ctim = given.st_ctim;
}

void set_attributes(fuse_req_t request, fuse_ino_t number, struct stat* given, int wanted,
                    fuse_file_info* /*file*/) {
  Node* const node = node_or_error(request, number);
  if (node == nullptr) return;
  if ((wanted & FUSE_SET_ATTR_SIZE) != 0) {
    const auto resized = node->resize(static_cast<std::uint64_t>(given->st_size));
    if (!resized) {
      fuse_reply_err(request, resized.error());
      return;
    }
  }
  node->change_attributes([&](struct stat& attributes) { change(attributes, *given, wanted); });
  reply_attributes(request, *node);
}

void make_directory(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode) {
  make_node(request, parent, name, S_IFDIR | mode);
}

void make_file(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode,
               dev_t /*device*/) {
  if (S_ISREG(mode)) {
    make_node(request, parent, name, mode);
  } else {
    fuse_reply_err(request, EPERM);
  }
}

void unlink_file(fuse_req_t request, fuse_ino_t parent, const char* name) {
  Node* const directory = node_or_error(request, parent);
  if (directory == nullptr) return;
  reply_outcome(request, filesystem_of(request).tree.remove_file(*directory, name));
}

void remove_directory(fuse_req_t request, fuse_ino_t parent, const char* name) {
  Node* const directory = node_or_error(request, parent);
  if (directory == nullptr) return;
  reply_outcome(request, filesystem_of(request).tree.remove_directory(*directory, name));
}

void rename_entry(fuse_req_t request, fuse_ino_t parent, const char* name, fuse_ino_t new_parent,
                  const char* new_name, unsigned int flags) {
  MemoryTree& tree = filesystem_of(request).tree;
  Node* const from = tree.find(parent);
  Node* const to = tree.find(new_parent);
  if (from == nullptr || to == nullptr) {
    fuse_reply_err(request, ESTALE);
  } else if ((flags & ~RENAME_NOREPLACE) != 0) {
    fuse_reply_err(request, EINVAL);
  } else {
    reply_outcome(request,
                  tree.rename(*from, name, *to, new_name, (flags & RENAME_NOREPLACE) == 0));
  }
}

// The listing is taken when the directory is opened, so that its offsets stay true.
void open_directory(fuse_req_t request, fuse_ino_t number, fuse_file_info* file) {
  Node* const directory = node_or_error(request, number);
  if (directory == nullptr) return;
  auto entries = std::make_unique<Entries>(filesystem_of(request).tree.list(*directory));
  file->fh = reinterpret_cast<std::uint64_t>(entries.get());
  if (fuse_reply_open(request, file) == 0) static_cast<void>(entries.release());
}

void read_directory(fuse_req_t request, fuse_ino_t /*number*/, size_t size, off_t offset,
                    fuse_file_info* file) {
  const auto& entries = *reinterpret_cast<const Entries*>(file->fh);
  std::vector<char> reply(size);
  std::size_t used = 0;
  for (auto index = static_cast<std::size_t>(offset); index < entries.size(); ++index) {
    const MemoryTree::Entry& entry = entries[index];
    const std::size_t needed =
        fuse_add_direntry(request, reply.data() + used, size - used, entry.name.c_str(),
                          &entry.attributes, static_cast<off_t>(index + 1));
    if (needed > size - used) break;
    used += needed;
  }
  fuse_reply_buf(request, reply.data(), used);
}

void release_directory(fuse_req_t request, fuse_ino_t /*number*/, fuse_file_info* file) {
  const std::unique_ptr<Entries> entries(reinterpret_cast<Entries*>(file->fh));
  fuse_reply_err(request, 0);
}

void filesystem_statistics(fuse_req_t request, fuse_ino_t /*number*/) {
  struct statvfs statistics{};
  statistics.f_bsize = statistics.f_frsize = 4096;
  statistics.f_blocks = statistics.f_bfree = statistics.f_bavail = 1U << 24;
  statistics.f_files = statistics.f_ffree = 1U << 20;
  statistics.f_namemax = 255;
  fuse_reply_statfs(request, &statistics);
}

}  // namespace

fuse_entry_param entry_of(const Filesystem& filesystem, const Node& node) {
  fuse_entry_param entry{};
  entry.ino = node.number();
  entry.attr = node.attributes();
  entry.attr_timeout = filesystem.options.attribute_timeout;
  entry.entry_timeout = filesystem.options.attribute_timeout;
  return entry;
}

void reply_entry(fuse_req_t request, const Outcome<Node*>& node) {
  if (!node) {
    fuse_reply_err(request, node.error());
    return;
  }
  const fuse_entry_param entry = entry_of(filesystem_of(request), **node);
  fuse_reply_entry(request, &entry);
}

void reply_outcome(fuse_req_t request, const Outcome<void>& outcome) {
  fuse_reply_err(request, outcome ? 0 : outcome.error());
}

void add_name_operations(fuse_lowlevel_ops& operations) {
  operations.lookup = lookup;
  operations.forget = forget;
  operations.forget_multi = forget_many;
  operations.getattr = get_attributes;
  operations.setattr = set_attributes;
  operations.mkdir = make_directory;
  operations.mknod = make_file;
  operations.unlink = unlink_file;
  operations.rmdir = remove_directory;
  operations.rename = rename_entry;
  operations.opendir = open_directory;
  operations.readdir = read_directory;
  operations.releasedir = release_directory;
  operations.statfs = filesystem_statistics;
}

}  // namespace countfs

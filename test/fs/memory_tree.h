// SPDX-License-Identifier: Apache-2.0
// Files and directories in memory. Failures are errno values, which is what FUSE replies with.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace countfs {

template <typename T>
using Outcome = std::expected<T, int>;

class Node : public std::enable_shared_from_this<Node> {
 public:
  explicit Node(const struct stat& attributes) : attributes_(attributes) {}

  struct stat attributes() const;
  std::uint64_t number() const { return attributes_.st_ino; }
  bool is_directory() const { return S_ISDIR(attributes_.st_mode); }

  // Calls reply(span) with what the file holds of the range; no write gets between. Once the
  // reply is out, the kernel may forget the node: the caller must own a reference as well.
  template <typename Reply>
  void read(std::uint64_t offset, std::size_t size, Reply reply) const {
    const std::shared_lock guard(lock_);
    reply(range(offset, size));
  }
  Outcome<void> write(std::uint64_t offset, std::span<const std::byte> data);
  Outcome<void> resize(std::uint64_t size);

  // Calls change(struct stat&); size and number are not changed this way.
  template <typename Change>
  void change_attributes(Change change) {
    const std::unique_lock guard(lock_);
    change(attributes_);
  }

 private:
  friend class MemoryTree;

  std::span<const std::byte> range(std::uint64_t offset, std::size_t size) const;
  Outcome<void> resize_locked(std::uint64_t size);

  mutable std::shared_mutex lock_;  // guards attributes and content
  struct stat attributes_;          // number and type never change
  std::vector<std::byte> content_;

  // Guarded by the tree's lock:
  std::map<std::string, Node*> children_;
  Node* parent_ = nullptr;
  std::uint64_t lookups_ = 0;  // references that the kernel holds
  bool linked_ = true;
};

struct Owner {
  uid_t user = 0;
  gid_t group = 0;
};

// A node stays for as long as it has a name or the kernel holds a reference to it. The kernel
// holds one throughout each request on a node, so a Node* is good until the request's reply.
class MemoryTree {
 public:
  struct Entry {
    std::string name;
    struct stat attributes;
  };

  MemoryTree();

  Node* find(std::uint64_t number) const;

  // Both take a reference on behalf of the kernel.
  Outcome<Node*> lookup(Node& directory, const std::string& name);
  Outcome<Node*> make(Node& directory, const std::string& name, mode_t mode, Owner owner);

  Outcome<void> remove_file(Node& directory, const std::string& name);
  Outcome<void> remove_directory(Node& directory, const std::string& name);
  Outcome<void> rename(Node& from, const std::string& old_name, Node& to,
                       const std::string& new_name, bool may_replace);
  std::vector<Entry> list(Node& directory) const;
  void forget(std::uint64_t number, std::uint64_t count);

 private:
  Node* add_node(mode_t mode, Owner owner);
  Outcome<void> remove(Node& directory, const std::string& name, bool directory_wanted);
  void unlink_node(Node& node);
  void drop_if_unused(Node& node);

  mutable std::shared_mutex lock_;
  std::unordered_map<std::uint64_t, std::shared_ptr<Node>> nodes_;
  std::uint64_t next_number_ = 1;
};

}  // namespace countfs

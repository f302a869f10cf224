// SPDX-License-Identifier: Apache-2.0
#include "fs/memory_tree.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <new>

namespace countfs {
namespace {

constexpr std::uint64_t largest_file = 1ULL << 40;
constexpr blkcnt_t stat_block = 512;
constexpr blksize_t preferred_block = 4096;

timespec now() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return time;
}

}  // namespace

struct stat Node::attributes() const {
  const std::shared_lock guard(lock_);
  struct stat result = attributes_;
  result.st_size = static_cast<off_t>(content_.size());
  result.st_blocks = (result.st_size + stat_block - 1) / stat_block;
  return result;
}

std::span<const std::byte> Node::range(std::uint64_t offset, std::size_t size) const {
  if (offset >= content_.size()) return {};
  const std::size_t left = content_.size() - offset;
  return {content_.data() + offset, std::min(size, left)};
}

Outcome<void> Node::write(std::uint64_t offset, std::span<const std::byte> data) {
  const std::unique_lock guard(lock_);
  const std::uint64_t end = offset + data.size();
  if (end > content_.size()) {
    if (auto grown = resize_locked(end); !grown) return grown;
  }
  if (!data.empty()) std::memcpy(content_.data() + offset, data.data(), data.size());
  attributes_.st_mtim = attributes_.st_ctim = now();
  return {};
}

Outcome<void> Node::resize(std::uint64_t size) {
  const std::unique_lock guard(lock_);
  attributes_.st_mtim = attributes_.st_ctim = now();
  return resize_locked(size);
}

Outcome<void> Node::resize_locked(std::uint64_t size) try {
  if (size > largest_file) return std::unexpected(EFBIG);
  content_.resize(size);
  return {};
} catch (const std::bad_alloc&) {
  return std::unexpected(ENOSPC);
}

MemoryTree::MemoryTree() { add_node(S_IFDIR | 0755, {.user = getuid(), .group = getgid()}); }

Node* MemoryTree::add_node(mode_t mode, Owner owner) {
  struct stat attributes{};
  attributes.st_ino = next_number_++;
  attributes.st_mode = mode;
  attributes.st_nlink = S_ISDIR(mode) ? 2 : 1;
  attributes.st_uid = owner.user;
  attributes.st_gid = owner.group;
  attributes.st_blksize = preferred_block;
  attributes.st_atim = attributes.st_mtim = attributes.st_ctim = now();
  auto node = std::make_shared<Node>(attributes);
  Node* const result = node.get();
  nodes_.emplace(attributes.st_ino, std::move(node));
  return result;
}

Node* MemoryTree::find(std::uint64_t number) const {
  const std::shared_lock guard(lock_);
  const auto found = nodes_.find(number);
  return found == nodes_.end() ? nullptr : found->second.get();
}

Outcome<Node*> MemoryTree::lookup(Node& directory, const std::string& name) {
  const std::unique_lock guard(lock_);
  const auto found = directory.children_.find(name);
  if (found == directory.children_.end()) return std::unexpected(ENOENT);
  ++found->second->lookups_;
  return found->second;
}

Outcome<Node*> MemoryTree::make(Node& directory, const std::string& name, mode_t mode,
                                Owner owner) {
  const std::unique_lock guard(lock_);
  if (!directory.is_directory()) return std::unexpected(ENOTDIR);
  if (!directory.linked_) return std::unexpected(ENOENT);
  if (directory.children_.contains(name)) return std::unexpected(EEXIST);
  Node* const node = add_node(mode, owner);
  node->parent_ = &directory;
  node->lookups_ = 1;
  directory.children_.emplace(name, node);
  return node;
}

Outcome<void> MemoryTree::remove_file(Node& directory, const std::string& name) {
  return remove(directory, name, false);
}

Outcome<void> MemoryTree::remove_directory(Node& directory, const std::string& name) {
  return remove(directory, name, true);
}

Outcome<void> MemoryTree::remove(Node& directory, const std::string& name, bool directory_wanted) {
  const std::unique_lock guard(lock_);
  const auto found = directory.children_.find(name);
  if (found == directory.children_.end()) return std::unexpected(ENOENT);
  Node& node = *found->second;
  if (node.is_directory() != directory_wanted) {
    return std::unexpected(directory_wanted ? ENOTDIR : EISDIR);
  }
  if (!node.children_.empty()) return std::unexpected(ENOTEMPTY);
  directory.children_.erase(found);
  unlink_node(node);
  return {};
}

Outcome<void> MemoryTree::rename(Node& from, const std::string& old_name, Node& to,
                                 const std::string& new_name, bool may_replace) {
  const std::unique_lock guard(lock_);
  const auto source = from.children_.find(old_name);
  if (source == from.children_.end()) return std::unexpected(ENOENT);
  Node* const node = source->second;
  const auto target = to.children_.find(new_name);
  if (target != to.children_.end()) {
    Node* const replaced = target->second;
    if (replaced == node) return {};
    if (!may_replace) return std::unexpected(EEXIST);
    if (!replaced->children_.empty()) return std::unexpected(ENOTEMPTY);
    to.children_.erase(target);
    unlink_node(*replaced);
  }
  from.children_.erase(source);
  node->parent_ = &to;
  to.children_.emplace(new_name, node);
  return {};
}

std::vector<MemoryTree::Entry> MemoryTree::list(Node& directory) const {
  const std::shared_lock guard(lock_);
  Node& parent = directory.parent_ != nullptr ? *directory.parent_ : directory;
  std::vector<Entry> entries = {{".", directory.attributes()}, {"..", parent.attributes()}};
  for (const auto& [name, node] : directory.children_) {
    entries.push_back({name, node->attributes()});
  }
  return entries;
}

void MemoryTree::forget(std::uint64_t number, std::uint64_t count) {
  const std::unique_lock guard(lock_);
  const auto found = nodes_.find(number);
  if (found == nodes_.end()) return;
  Node& node = *found->second;
  node.lookups_ -= std::min(count, node.lookups_);
  drop_if_unused(node);
}

void MemoryTree::unlink_node(Node& node) {
  node.linked_ = false;
  node.parent_ = nullptr;
  node.change_attributes([](struct stat& attributes) { attributes.st_nlink = 0; });
  drop_if_unused(node);
}

void MemoryTree::drop_if_unused(Node& node) {
  if (!node.linked_ && node.lookups_ == 0) nodes_.erase(node.number());
}

}  // namespace countfs

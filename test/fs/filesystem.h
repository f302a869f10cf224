// SPDX-License-Identifier: Apache-2.0
// FUSE_USE_VERSION for the whole program, and what each operation works on.
#pragma once

#define FUSE_USE_VERSION 35

#include <fuse3/fuse_lowlevel.h>

#include "fs/faults.h"
#include "fs/memory_tree.h"
#include "fs/options.h"

namespace countfs {

struct Filesystem {
  explicit Filesystem(Options with) : options(std::move(with)), faults(options.faults) {}

  Options options;
  MemoryTree tree;
  Faults faults;
};

// The filesystem that a request is for.
Filesystem& filesystem_of(fuse_req_t request);

// Names, attributes and directories.
void add_name_operations(fuse_lowlevel_ops& operations);
// Open files and their data.
void add_data_operations(fuse_lowlevel_ops& operations, const Options& options);

fuse_entry_param entry_of(const Filesystem& filesystem, const Node& node);
// The reply to LOOKUP and MKDIR: an entry, or the error.
void reply_entry(fuse_req_t request, const Outcome<Node*>& node);
void reply_outcome(fuse_req_t request, const Outcome<void>& outcome);

}  // namespace countfs

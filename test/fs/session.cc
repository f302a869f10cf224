// SPDX-License-Identifier: Apache-2.0
#include "fs/session.h"

#include <cstdlib>
#include <string>

#include "fs/server.h"

namespace countfs {
namespace {

void want(fuse_conn_info& connection, unsigned int capability, bool wanted) {
  if (wanted) {
    connection.want |= connection.capable & capability;
  } else {
    connection.want &= ~capability;
  }
}

void negotiate(void* server, fuse_conn_info* connection) {
  const Options& options = static_cast<Server*>(server)->filesystem().options;
  // Requests must arrive in memory, where their headers can be read and counted.
  want(*connection, FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE, false);
  want(*connection, FUSE_CAP_WRITEBACK_CACHE, options.writeback_cache);
  want(*connection, FUSE_CAP_ASYNC_READ, !options.no_async_read);
  want(*connection, FUSE_CAP_ASYNC_DIO, !options.no_async_dio);
  connection->max_read = options.max_read;
  if (options.max_write != 0) {
    connection->max_write = std::min(connection->max_write, options.max_write);
  }
  if (options.max_background != 0) connection->max_background = options.max_background;
}

// What libfuse makes of a command line; it allocates and frees with C's functions.
class Arguments {
 public:
  Arguments() { fuse_opt_add_arg(&arguments_, "countfs"); }
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;
  ~Arguments() {
    std::free(mount_options_);
    fuse_opt_free_args(&arguments_);
  }

  void add(const std::string& mount_option) {
    fuse_opt_add_opt_escaped(&mount_options_, mount_option.c_str());
  }

  fuse_args* get() {
    fuse_opt_add_arg(&arguments_, "-o");
    fuse_opt_add_arg(&arguments_, mount_options_);
    return &arguments_;
  }

 private:
  fuse_args arguments_ = FUSE_ARGS_INIT(0, nullptr);
  char* mount_options_ = nullptr;
};

}  // namespace

fuse_session* new_session(const Options& options, Server* server) {
  Arguments arguments;
  arguments.add("fsname=" + options.fsname);
  arguments.add("subtype=" + options.subtype);
  if (options.block_device) arguments.add("blkdev");
  if (options.allow_other) arguments.add("allow_other");
  // The kernel wants this limit as a mount option, libfuse in INIT as well.
  if (options.max_read != 0) arguments.add("max_read=" + std::to_string(options.max_read));
  fuse_lowlevel_ops operations{};
  operations.init = negotiate;
  add_name_operations(operations);
  add_data_operations(operations, options);
  return fuse_session_new(arguments.get(), &operations, sizeof(operations), server);
}

}  // namespace countfs

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fs/filesystem.h"

namespace countfs {

class Server;

// A libfuse session with all operations and mount options; null, and a message of libfuse's own
// on stderr, when libfuse refuses them.
fuse_session* new_session(const Options& options, Server* server);

}  // namespace countfs

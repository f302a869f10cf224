// SPDX-License-Identifier: Apache-2.0
// The files that verify reads and writes, by commands. Runs in the process that may hang: see
// worker.h.
#pragma once

#include <sys/types.h>

#include <array>
#include <functional>
#include <string>

#include "agent/base/unique_fd.h"
#include "agent/verify/existing_file.h"
#include "agent/verify/own_file.h"
#include "agent/verify/protocol.h"
#include "agent/verify/transfer.h"

namespace fusescope {

class TestFile {
 public:
  // `path` of a directory, as the user gave it. Nothing is opened yet. `is_abandoned` is asked in
  // the course of long commands: whether nobody waits for the answer any more.
  TestFile(std::string path, std::function<bool()> is_abandoned);
  ~TestFile();  // removes the own file
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;

  // Does what is asked. The answer alone tells of failures.
  Answer carry_out(const Command& command);

  // Removes the own file, if there is one; one that could not be removed can be tried again.
  Answer remove();

 private:
  Answer look();
  Answer create(const Command& command);
  Answer fill(int file, std::size_t shape);
  Answer find(const std::string& name);
  Answer run(const Command& command);
  [[nodiscard]] int anchor_for(fusescope_op op) const;
  UniqueFd& opened(const Command& command);
  std::uint64_t next_offset(const Command& command);
  void close_all();

  std::string path_;
  std::function<bool()> is_abandoned_;
  Transfer transfer_;
  UniqueFd directory_;
  dev_t device_ = 0;
  OwnFile own_;
  std::uint32_t own_places_ = 0;  // that are filled
  ExistingFile existing_;         // to be read instead of the own one, if it has an anchor
  std::array<std::array<UniqueFd, 2>, FUSESCOPE_OPS> files_;  // by operation; with O_DIRECT or not
  std::uint32_t turn_ = 0;
};

}  // namespace fusescope

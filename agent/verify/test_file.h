// SPDX-License-Identifier: Apache-2.0
// The file that verify makes, and its I/O. Runs in the process that may hang: see worker.h.
#pragma once

#include <functional>
#include <string>

#include "agent/base/unique_fd.h"
#include "agent/verify/protocol.h"

namespace fusescope {

class TestFile {
 public:
  // `folder` as the user gave it. Nothing is opened yet. `is_abandoned` is asked in the course of
  // long orders: whether nobody waits for the answer any more.
  TestFile(std::string folder, std::function<bool()> is_abandoned);
  ~TestFile();  // removes the file
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;

  // Does what is asked; never fails but by what the answer says.
  Answer carry_out(const Order& order);

  // Removes the file, if there is one; one that could not be removed can be tried again.
  Answer remove();

 private:
  Answer look();
  Answer create(const std::string& name);
  Answer run(const Order& order);
  bool fill();
  bool transfer(const Order& order, std::uint64_t offset);

  std::string folder_;
  std::function<bool()> is_abandoned_;
  std::string name_;  // empty: there is no file
  UniqueFd directory_;
  UniqueFd file_;
  bool is_direct_ = false;
  std::uint32_t next_place_ = 0;
  std::byte* buffers_ = nullptr;  // of kBufferBytes, aligned to the page
};

}  // namespace fusescope

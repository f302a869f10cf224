// SPDX-License-Identifier: Apache-2.0
// The file that verify makes, and its I/O. Runs in the process that may hang: see worker.h.
#pragma once

#include <string>

#include "agent/base/unique_fd.h"
#include "agent/verify/protocol.h"

namespace fusescope {

class TestFile {
 public:
  // `folder` as the user gave it. Nothing is opened yet.
  explicit TestFile(std::string folder);
  ~TestFile();  // removes the file
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;

  // Does what is asked; never fails but by what the answer says.
  Answer carry_out(const Order& order);

 private:
  Answer look();
  Answer create(const std::string& name);
  Answer run(const Order& order);
  Answer remove();
  bool fill();
  bool transfer(const Order& order, std::uint64_t offset);

  std::string folder_;
  std::string name_;  // empty: there is no file
  UniqueFd directory_;
  UniqueFd file_;
  bool is_direct_ = false;
  std::uint32_t next_place_ = 0;
  std::byte* buffers_ = nullptr;  // of kBufferBytes, aligned to the page
};

}  // namespace fusescope

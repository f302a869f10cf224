// SPDX-License-Identifier: Apache-2.0
// What verify and the process that does its I/O say to each other: one order, one answer.
#pragma once

#include <cstdint>

#include "bpf/abi.h"

namespace fusescope {

enum class Step : std::uint8_t {
  look,    // open the folder, and tell what it is
  create,  // make the file, and fill it
  run,     // read or write one shape
  remove,  // remove the file
};

constexpr std::size_t kNameBytes = 64;

struct Order {
  Step step = Step::look;
  fusescope_op op = FUSESCOPE_READ;
  std::uint32_t shape = 0;
  std::uint32_t repetitions = 1;
  std::uint64_t address_in_page = 0;
  char name[kNameBytes] = "";  // create: of the file
};

struct Answer {
  int error = 0;  // errno of what failed, or 0
  bool is_short = false;
  char operation[24] = "";         // that failed
  std::int64_t filesystem = 0;     // look: f_type of statfs(2)
  std::uint32_t device_major = 0;  // look: of st_dev
  std::uint32_t device_minor = 0;
  bool is_direct = false;  // create: O_DIRECT is to be had
  double seconds = 0;      // run
};

}  // namespace fusescope

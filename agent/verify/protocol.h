// SPDX-License-Identifier: Apache-2.0
// What verify and the process that does its I/O say to each other: one command, one answer.
#pragma once

#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "bpf/abi/abi.h"

namespace fusescope {

enum class Step : std::uint8_t {
  look,    // open the directory, and tell what it is
  create,  // make a file of its own, and fill it: buffered writes of one shape
  find,    // choose a file that is there, which is only read: reads are of it from then on
  run,     // read or write one shape
  remove,  // remove the own file
};

constexpr std::uint32_t kPlaces =
    4;  // of 1 MiB each that are read and written, if there are as many

struct Command {
  Step step = Step::look;
  fusescope_op op = FUSESCOPE_READ;
  bool is_direct = false;         // run: the file is opened with O_DIRECT
  std::uint32_t shape = 0;        // create, run
  std::uint32_t repetitions = 1;  // run
  char name[PATH_MAX] = "";       // create: of the file; find: the file to take, empty: any
};

struct Answer {
  int error = 0;  // errno of what failed, or 0
  bool is_short = false;
  char operation[48] = "";         // that failed
  std::int64_t filesystem = 0;     // look: f_type of statfs(2)
  std::uint32_t device_major = 0;  // look: of st_dev
  std::uint32_t device_minor = 0;
  std::uint32_t done = 0;    // create: places that were filled
  double seconds = 0;        // create, run: all of them together
  char name[PATH_MAX] = "";  // find: which file, below the directory
};

inline bool has_failed(const Answer& answer) { return answer.error || answer.is_short; }

inline Answer failed(const char* operation, int error) {
  Answer answer;
  answer.error = error;
  std::snprintf(answer.operation, sizeof answer.operation, "%s", operation);
  return answer;
}

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
// What a remedy says, as data. Adding a daemon is adding a row, and its commands to daemon.cc.
#pragma once

#include <span>
#include <string_view>

#include "bpf/abi/abi.h"

namespace fusescope {

// Whether a daemon can be told to do something about a cause.
enum class Way {
  open,    // the advice says what to set, to which value
  closed,  // the advice says why nothing can be set, and what else to do: nothing is added to it
};

// What can be written into an open row, and is replaced by a value of the mount:
//   {pages}, {bytes}   the most pages, or bytes, that a request can have on this host
//   {kib}              the same in KiB
//   {buffer}           the KiB of a buffer of davfs2 that holds such a request and its header
//   {queue}            a virtqueue's entries that suffice for {pages}
//   {device}           the mount's name in /sys/class/bdi
//   {page}             the bytes of a page
struct RemedyRow {
  fusescope_cause cause;
  std::string_view daemon;  // as daemon_of() names it; empty: all without a row of their own: last
  Way way;
  std::string_view advice;
  std::string_view source;       // where the rule is written down, or how it was tried
  std::string_view beyond = {};  // what is added where requests get more than 256 pages
};

std::span<const RemedyRow> remedy_table();

// The row for a cause and a daemon; null where nothing is to be changed.
const RemedyRow* find_remedy(fusescope_cause cause, std::string_view daemon);

}  // namespace fusescope

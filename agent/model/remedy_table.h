// SPDX-License-Identifier: Apache-2.0
// What a remedy says, as data. Adding a daemon is adding a row.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/model/snapshot.h"

namespace fusescope {

// What can be written into a row, and is replaced by a value of the mount:
//   {pages}, {bytes}   the most pages, or bytes, that a request can have on this host
//   {kib}              the same in KiB
//   {queue}            a virtqueue's entries that suffice for {pages}
//   {device}           the mount's name in /sys/class/bdi
struct RemedyRow {
  fusescope_cause cause;
  std::string_view fstype;  // empty: all that have no row of their own, which comes last
  std::string_view advice;
  std::string_view source;  // where the rule is written down
};

std::span<const RemedyRow> remedy_table();

// The row for a cause and a daemon, as daemon_of() names it; null where nothing is to be changed.
const RemedyRow* find_remedy(fusescope_cause cause, std::string_view daemon);

// The filesystem type as mountinfo shows it. A daemon that mounts with a name of its source, but
// without a subtype, is known by that: mountpoint-s3 is "fuse", with the source "mountpoint-s3".
std::string daemon_of(const MountIdentity& identity);

}  // namespace fusescope

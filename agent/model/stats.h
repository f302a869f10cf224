// SPDX-License-Identifier: Apache-2.0
// What follows from the kernel side's counters, which hold nothing twice. Only sums: of counters
// that grow while they are read a difference could go down.
#pragma once

#include <cstdint>

#include "bpf/abi/abi.h"

namespace fusescope {

// I/O calls that have ended.
std::uint64_t calls_of(const fusescope_io_stats& stats);

// Data requests of those calls.
std::uint64_t requests_of(const fusescope_io_stats& stats);

// The fewest data requests that those calls need on this host: bpf/abi/minimum.h.
std::uint64_t minimum_of(const fusescope_io_stats& stats);

// Data requests beyond those: what can be saved. The one definition of a split that can be fixed.
std::uint64_t excess_of(const fusescope_io_stats& stats);

// Iovec segments of those calls; a call has one at least.
std::uint64_t segments_of(const fusescope_io_stats& stats);

// Data requests that were sent.
std::uint64_t requests_of(const fusescope_data_stats& stats);

// Pages of those requests; a request has one at least.
std::uint64_t pages_of(const fusescope_data_stats& stats);

// Requests of all opcodes that were sent.
std::uint64_t sent_of(const fusescope_mount_stats& stats);

// Requests whose duration was taken.
std::uint64_t count_of(const fusescope_duration_stats& stats);

}  // namespace fusescope

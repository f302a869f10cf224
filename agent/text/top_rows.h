// SPDX-License-Identifier: Apache-2.0
// What `fusescope top` shows, from two snapshots: plain values, in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/model/judgement.h"
#include "agent/model/quantile.h"
#include "agent/model/rates.h"
#include "agent/model/snapshot.h"
#include "agent/model/state.h"

namespace fusescope {

// A mount, or a process. Nothing: not visible, or not to be told yet.
struct TopRow {
  std::string name;                  // the mountpoint, or the command: any bytes
  std::uint32_t process = 0;         // its id; a mount has none
  std::string mountpoint;            // of a process: where its latest request went
  std::optional<Rates> rates;        // nothing: there is no earlier reading of its counters
  std::optional<double> per_call;    // data requests per I/O call
  std::optional<Quantile> p99;       // of the requests' durations, in microseconds
  std::optional<double> queued_ms;   // mean of a request until the daemon takes it
  std::optional<double> service_ms;  // mean from then on, until its reply
  std::uint64_t in_flight = 0;
  std::optional<double> oldest_seconds;  // of those in flight
  bool oldest_is_older = false;          // it is that old at least: MountSnapshot::oldest_is_older
  std::optional<StateFinding> state;     // nothing: there are no rates, and it is not hung
  IoVerdict verdict = IoVerdict::idle;
  std::optional<fusescope_cause> cause;
  std::string remedy;  // empty unless limited or broken
};

enum class TopColumn {
  process,
  name,
  mountpoint,
  state,
  why,
  verdict,
  calls,
  requests,
  per_call,
  bytes,
  p99,
  queued,
  service,
  in_flight,
  oldest,
};

enum class TopView { mounts, processes };

struct TopOrder {
  TopColumn column = TopColumn::state;
  bool is_reversed = false;
};

// One row for each mount, or process, of `now`. What was counted lies between the two snapshots,
// `seconds` apart; without an earlier one there are no rates. A mount that came in between, or
// whose counters went down, has none either: see Recent::window_of(). A process that came has: its
// counters begin with it. Processes that did nothing in between and have nothing in flight are left
// out. Of a process neither its opcodes nor errors are counted: it is never busy with metadata, nor
// failing, and slow by the latency of all its requests.
std::vector<TopRow> top_rows(const Snapshot& now, const Snapshot* before, double seconds,
                             TopView view, const HostLimits& host, const StateRule& rule = {});

// The largest first, names from A on; what is not known comes last. The worst state is the largest,
// of equal ones the worse verdict, and of those the busier. A reversed order turns all of that
// round.
void sort_rows(std::vector<TopRow>& rows, const TopOrder& order);

}  // namespace fusescope

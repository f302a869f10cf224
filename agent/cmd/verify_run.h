// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/cmd/verify_client.h"
#include "agent/cmd/verify_timing.h"
#include "agent/cmd/verify_watch.h"
#include "agent/model/verify_report.h"
#include "agent/verify/shapes.h"

namespace fusescope {

// The test itself: first the shape that the verdicts are about, of each operation, direct and
// through the page cache, each by itself; then the other shapes; then all are timed.
class VerifyRun {
 public:
  // Both must outlive this. `judged`: the shape that the verdicts are about. `file`: the one to
  // read; nothing is written then. Empty: an own one, and any that is there where that cannot be.
  VerifyRun(VerifyClient& client, VerifyWatch& watch, std::size_t judged, std::string file);

  // Only counts: the speed is that of what was counted.
  void do_not_time() { is_timed_ = false; }

  // Fails if what was counted cannot be trusted, or no operation could be tested. If there was no
  // time for all, and the daemon answers, the report is of what was counted.
  Result<VerifyReport> report();

 private:
  // A shape, and how its file is opened.
  struct Case {
    fusescope_op op = FUSESCOPE_READ;
    bool is_direct = false;
    std::size_t shape = kVectored;
  };
  struct Done {
    std::uint32_t times = 0;
    double seconds = 0;  // each
    std::string reason;  // why it failed; empty: it has not
  };

  // These fail as VerifyClient::give() and VerifyWatch::look() do.
  Result<void> test_all();
  Result<void> make_file();
  Result<void> find_file();
  Result<void> judge_all();
  Result<void> count_others();
  Result<void> count(const std::vector<Case>& cases);
  Result<Done> repeat(const Case& each);
  Result<void> look_at_pending();
  Result<void> record(const Case& each, const Done& done, const MountSnapshot& counted);
  fusescope_mode mode_of(const Case& each, const fusescope_op_stats& stats);

  Result<VerifyReport> finished(const Result<void>& tested);
  void add(VerifiedOp op);
  void add_failed(const Case& each, const std::string& reason);
  void add_not_tested(fusescope_op op, fusescope_mode mode, const std::string& reason);
  void add_not_run(const std::string& reason);
  [[nodiscard]] bool has_row(fusescope_op op, fusescope_mode mode, std::size_t shape) const;
  [[nodiscard]] std::optional<fusescope_mode> main_mode(fusescope_op op) const;
  [[nodiscard]] bool is_to_be_judged(const Case& each) const;
  [[nodiscard]] bool opens_direct(fusescope_op op, fusescope_mode mode) const;
  [[nodiscard]] static Command command_of(const Case& each);

  VerifyClient& client_;
  VerifyWatch& watch_;
  std::size_t judged_;
  std::string file_;
  bool is_timed_ = true;
  std::vector<IoShape> shapes_;
  VerifyReport report_;
  std::vector<std::pair<Case, Done>> pending_;        // done, and not yet looked at
  std::vector<TimedShape> timed_;                     // of each row of the report
  std::array<bool, FUSESCOPE_OPS> has_file_{};        // to be read, or written
  std::array<bool, FUSESCOPE_OPS> bypasses_cache_{};  // also without O_DIRECT (FOPEN_DIRECT_IO)
};

}  // namespace fusescope

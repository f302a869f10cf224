// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "agent/cmd/counting.h"
#include "agent/cmd/orders.h"
#include "agent/text/verify_text.h"
#include "agent/verify/shapes.h"

namespace fusescope {

// The test itself: counts each shape, then times all of them in turn.
class VerifyRun {
 public:
  // Both must outlive this. `device` is the kernel's number of the mount's, `judged` the shape that
  // the verdict is about.
  VerifyRun(Orders& orders, Counting& counting, std::uint32_t device, std::size_t judged)
      : orders_(orders), counting_(counting), device_(device), judged_(judged) {}

  // Makes the file and tests. Fails if what was counted cannot be trusted.
  Result<VerifyReport> report();

 private:
  using Case = std::pair<fusescope_op, std::size_t>;  // and the shape's index

  Result<MountSnapshot> look_at_mount();
  Result<MountSnapshot> look_again();
  Result<void> count(Case each);
  [[nodiscard]] VerifiedShape verified_shape(Case each, const fusescope_op_stats& stats) const;
  Result<double> run(Case each, std::uint32_t repetitions);
  Result<void> time_all();
  void add_timings();
  [[nodiscard]] std::optional<std::uint64_t> expected(Case each) const;
  [[nodiscard]] VerifiedOp judge_op(fusescope_op op, const MountSnapshot& counted) const;
  void judge_direct(VerifiedOp& verified, const Judgement& judgement) const;
  [[nodiscard]] fusescope_mode mode() const;

  Orders& orders_;
  Counting& counting_;
  std::uint32_t device_;
  std::size_t judged_;
  VerifyReport report_;
  std::map<Case, std::vector<double>> seconds_;
};

}  // namespace fusescope

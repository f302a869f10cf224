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

// Where unaligned buffers begin in their page.
constexpr std::uint64_t kUnaligned = 512;

// The test itself: counts each shape, then times all of them in turn.
class VerifyRun {
 public:
  // Both must outlive this. `device` is the kernel's number of the mount's.
  VerifyRun(Orders& orders, Counting& counting, std::uint32_t device, std::uint64_t address_in_page)
      : orders_(orders), counting_(counting), device_(device), address_in_page_(address_in_page) {}

  // Makes the file and tests. Fails if what was counted cannot be trusted.
  Result<VerifyReport> report();

 private:
  using Case = std::pair<fusescope_op, std::size_t>;  // and the shape's index

  Result<MountSnapshot> look_at_mount();
  Result<void> count(Case each);
  Result<void> time_all();
  Result<double> time_one(Case each);
  void add_timings();
  [[nodiscard]] std::optional<std::uint64_t> expected(Case each) const;
  [[nodiscard]] VerifiedOp judged(fusescope_op op, const MountSnapshot& counted) const;
  [[nodiscard]] fusescope_mode mode() const;

  Orders& orders_;
  Counting& counting_;
  std::uint32_t device_;
  std::uint64_t address_in_page_;
  VerifyReport report_;
  std::map<Case, std::vector<double>> seconds_;
};

}  // namespace fusescope

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "agent/base/error.h"
#include "agent/model/snapshot.h"

struct fusescope_bpf;

namespace fusescope {

struct SkeletonDeleter {
  void operator()(fusescope_bpf* skeleton) const;
};
using Skeleton = std::unique_ptr<fusescope_bpf, SkeletonDeleter>;

// The BPF programs, loaded and attached for as long as this object lives. Its maps are read by
// Reader.
class Session {
 public:
  // Tries the alternatives of each role and attaches the first that works. Fails when a role
  // without which nothing can be counted stays empty; the text says what to do. Needs CAP_BPF and
  // CAP_PERFMON, which may be dropped afterwards.
  static Result<Session> start();

  [[nodiscard]] fusescope_bpf& skeleton() const { return *skeleton_; }

  // Each role, and the program that fills it or the reason why none does.
  [[nodiscard]] const std::vector<HookStatus>& hooks() const { return hooks_; }

 private:
  Session(Skeleton skeleton, std::vector<HookStatus> hooks)
      : skeleton_(std::move(skeleton)), hooks_(std::move(hooks)) {}

  Skeleton skeleton_;
  std::vector<HookStatus> hooks_;
};

}  // namespace fusescope

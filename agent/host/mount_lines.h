// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

#include "agent/base/error.h"
#include "agent/base/unique_fd.h"
#include "agent/model/snapshot.h"

namespace fusescope {

// Reads an open mountinfo file piece by piece, which the kernel makes as it is read: about a page
// at a time. `take` gets its FUSE mounts in their order, named by labels (model/label_text.h);
// `goes_on` is asked after each piece, by its bytes, whether to read the next. False: it said no,
// and the rest was not read.
Result<bool> for_each_fuse_mount(const UniqueFd& mountinfo,
                                 const std::function<void(MountIdentity)>& take,
                                 const std::function<bool(std::size_t)>& goes_on);

}  // namespace fusescope

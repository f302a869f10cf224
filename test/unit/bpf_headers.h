// SPDX-License-Identifier: Apache-2.0
// The pure parts of the kernel side, compiled for user space.
#pragma once

// They are C, in the kernel's style: its casts and its arithmetic are not the agent's.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wconversion"
#include "bpf/abi/cause.h"
#include "bpf/abi/histogram.h"
#include "bpf/abi/minimum.h"
#pragma GCC diagnostic pop

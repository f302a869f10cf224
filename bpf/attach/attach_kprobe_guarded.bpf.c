// SPDX-License-Identifier: GPL-2.0
/* Hook mode "kprobe", without the atomic operations that kernels before 5.12 do not have. */
#define FUSESCOPE_GUARDED_WORDS
#define KPROBE_NAME(name) kprobe_guarded_##name
#include "bpf/attach/kprobe_hooks.bpf.h"

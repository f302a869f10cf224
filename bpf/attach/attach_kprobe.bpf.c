// SPDX-License-Identifier: GPL-2.0
/* Hook mode "kprobe". */
#define KPROBE_NAME(name) kprobe_##name
#include "bpf/attach/kprobe_hooks.bpf.h"

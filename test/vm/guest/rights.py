# SPDX-License-Identifier: Apache-2.0
"""`fusescope doctor` without most of root's capabilities: which hooks are left, and what it says of
the others."""

import ctypes
import json
import subprocess

import harness

# include/uapi/linux/capability.h and prctl.h
CAP_PERFMON = 38
CAP_BPF = 39
CAPABILITIES = 64  # more than there are
PR_CAPBSET_DROP = 24


def keep_only(kept):
    """For a process that is about to run a program: root's rights are those of this set."""
    prctl = ctypes.CDLL(None).prctl
    for capability in set(range(CAPABILITIES)) - set(kept):
        prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def doctor(*kept):
    done = subprocess.run([harness.AGENT, "doctor", "--json"], capture_output=True, text=True,
                          check=False, timeout=300, preexec_fn=lambda: keep_only(kept))
    print("doctor with", kept, done.stdout, done.stderr, flush=True)
    report = json.loads(done.stdout)
    assert report["exit_code"] == done.returncode
    return report


def filled_roles(report):
    """The hook mode of each role that is filled."""
    return {role["role"]: role["mode"] for role in report["roles"] if role["mode"]}


def check_bpf_alone():
    """Programs may not read: nothing works, and it is told what lacks."""
    report = doctor(CAP_BPF)
    assert report["exit_code"] == 2 and filled_roles(report) == {}
    assert [each["name"] for each in report["capabilities"] if each["effective"]] == ["CAP_BPF"]
    assert "CAP_PERFMON" in report["ways_out"][-1]


def check_bpf_and_perfmon(expected):
    """`expected`: the role of each hook mode that these two suffice for."""
    report = doctor(CAP_BPF, CAP_PERFMON)
    assert filled_roles(report) == {role: mode for mode in expected for role in expected[mode]}
    usable = {"sent", "ended"} <= filled_roles(report).keys()
    is_exact = all(role["state"] == "exact" for role in report["roles"])
    assert report["exit_code"] == (0 if usable and is_exact else 1 if usable else 2)
    assert is_exact or "CAP_SYS_ADMIN" in report["ways_out"][-1]
    for role in report["roles"]:
        for attempt in role["trials"]:
            assert attempt["works"] == (attempt["reason"] is None), attempt

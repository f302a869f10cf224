# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import sys

COMMON = pathlib.Path(__file__).resolve().parents[2] / "deploy/common.sh"


def as_root():
    """Only root comes back; another user runs the program again, as the scripts of bash do it."""
    if os.geteuid() != 0:
        script = f'. "{COMMON}"; as_root "$@"'
        os.execvp("bash", ["bash", "-euc", script, *sys.argv])

# SPDX-License-Identifier: Apache-2.0
"""What sanitizers say of an agent that is built with them (FUSESCOPE_AGENT): in files of a directory,
FUSESCOPE_SANITIZER_REPORTS, where one is given, so that no report is lost with a log."""

import os
import pathlib

SHOWN = 4000  # characters
# An agent that has dropped its rights may not be looked through for leaks: that takes ptrace(2). In
# the unit tests leaks are looked for.
OPTIONS = {"ASAN_OPTIONS": ("detect_leaks=0", "detect_stack_use_after_return=1",
                            "strict_string_checks=1"),
           "UBSAN_OPTIONS": ("print_stacktrace=1",),
           "TSAN_OPTIONS": ("second_deadlock_stack=1",)}
SEEN = set()


def directory():
    """That of this worker; None: reports are not asked for."""
    place = os.environ.get("FUSESCOPE_SANITIZER_REPORTS")
    return place and pathlib.Path(place) / os.environ.get("PYTEST_XDIST_WORKER", "gw0")


def set_up():
    """For the agents that are started from now on. Those that drop their rights may write there."""
    if not directory():
        return
    directory().mkdir(parents=True, exist_ok=True)
    directory().chmod(0o1777)
    for name, options in OPTIONS.items():
        os.environ[name] = ":".join((f"log_path={directory()}/report", "exitcode=99", *options))


def new_reports():
    """The text of those that were not there when it was last asked for."""
    found = set(directory().iterdir()) - SEEN if directory() else set()
    SEEN.update(found)
    return "\n".join(file.read_text(errors="replace")[:SHOWN] for file in sorted(found))

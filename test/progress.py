#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Shows how far a test runner is, by what it prints: a line for each test, with 'n/m' in it, goes to
a log; the terminal shows how many are done and how long the others will take. All else is passed on.

Usage: RUNNER 2>&1 | progress.py PART LOG    (PART: what it runs, as in "e2e")
"""

import re
import signal
import sys
import time

# ctest: " 12/456 Test #12: …"; pytest, console_output_style=count: "… [ 12/456]"; test/vm/run alike
COUNTED = re.compile(r"(?:^\s*|\[\s*)(\d+)/(\d+)(?:\]| Test )")
BEGUN = re.compile(r"^\s+Start +\d+: |^\S+\.py::.* $")  # of ctest, and of pytest with two workers
BAD = re.compile(r"\b(FAILED|ERROR|Failed)\b|\*\*\*")
KNOWN_FROM = 0.05  # of all tests: the first one may have to make what the others use
INTERVAL = 20  # seconds between two lines, where the output is no terminal


def duration(seconds):
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


class Progress:
    def __init__(self, part):
        self.part = part
        self.begin = self.shown = time.monotonic()
        self.bad = 0
        self.on_terminal = sys.stdout.isatty()

    def count(self, done, total, line):
        self.bad += bool(BAD.search(line))
        now = time.monotonic()
        if not self.on_terminal and now - self.shown < INTERVAL:
            return
        self.shown = now
        left = duration((now - self.begin) / done * (total - done))
        is_known = done >= total * KNOWN_FROM
        text = (f"  {self.part}: {done} of {total}" + f", {self.bad} failed" * bool(self.bad)
                + f", about {left} left" * is_known)
        self.write(f"\r\033[K{text:.76}" if self.on_terminal else f"{text}\n")

    def pass_on(self, line):
        self.write(("\r\033[K" if self.on_terminal else "") + line)

    @staticmethod
    def write(text):
        sys.stdout.write(text)
        sys.stdout.flush()


def main(part, log):
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # it ends with the runner, whose last words matter
    progress = Progress(part)
    with open(log, "w", encoding="utf-8", buffering=1) as file:
        for line in sys.stdin:
            file.write(line)
            counted = COUNTED.search(line)
            if counted:
                progress.count(int(counted[1]), int(counted[2]), line)
            elif not BEGUN.search(line):
                progress.pass_on(line)


if __name__ == "__main__":
    sys.stdin.reconfigure(errors="replace")
    main(sys.argv[1], sys.argv[2])

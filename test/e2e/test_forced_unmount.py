# SPDX-License-Identifier: Apache-2.0
"""What scrapes tell while requests move on, and while their mount is unmounted by force."""

import os
import subprocess

from harness import SGIO, account, end

LOAD = ("--direct", "--engine", "aio", "--segments", 1, "--threads", 2, "--queue-depth", 64,
        "--same", "--duration", 300, "--keep-going")


def check_scrapes(agent, label, count):
    """No request is told twice, but those that a CPU is just about to end."""
    for _ in range(count):
        total = account(agent.scrape(), label)
        assert total["ended"] <= total["sent"], total
        assert total["ended"] + total["in_flight"] <= total["sent"] + os.cpu_count(), total


def test_no_request_is_told_twice(agent, mount):
    filesystem = mount()
    load = subprocess.Popen([SGIO, *map(str, LOAD), filesystem.path()],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        check_scrapes(agent, filesystem.label, 80)
        # Busy, so that it stays mounted; but its connection is aborted.
        unmount = subprocess.Popen(["umount", "-f", filesystem.mountpoint],
                                   stderr=subprocess.DEVNULL)
        check_scrapes(agent, filesystem.label, 10)
        unmount.wait()
    finally:
        end(load)

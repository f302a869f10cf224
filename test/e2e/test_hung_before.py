# SPDX-License-Identifier: Apache-2.0
"""A daemon that hung before the agent began: what waits is in flight all the same."""

import contextlib
import subprocess
import time

import pytest

from harness import SGIO, Agent, Countfs, end, sgio, wait_for
from waiting_io import WaitingIo, connections

MAX_BACKGROUND = 12
OPTIONS = ("--attr-timeout", "600", "--max-background", str(MAX_BACKGROUND))


@pytest.fixture(scope="module")
def control():
    with connections() as directory:
        yield directory


@contextlib.contextmanager
def hung(directory, control, *io, options=()):
    filesystem = Countfs(directory, *OPTIONS, *options)
    waiting = WaitingIo(filesystem, control, *io)
    try:
        yield waiting
    finally:
        waiting.clear()
        assert filesystem.stop() == 0


@contextlib.contextmanager
def running(directory):
    agent = Agent(log=directory / "agent.log")
    try:
        yield agent
    finally:
        agent.stop()


def shown(agent, waiting):
    scrape = agent.scrape()
    return [scrape.total(name, mountpoint=waiting.filesystem.label)
            for name in ("fuse_requests_in_flight", "fuse_waiting_requests",
                         "fuse_oldest_request_age_seconds")]


def check_hung(agent, waiting):
    """In flight equals what the kernel says, and it grows older."""
    in_flight, told, age = shown(agent, waiting)
    assert in_flight == told == waiting.waiting() == waiting.count and age > 0
    wait_for(lambda: shown(agent, waiting)[2] > age + 0.2, "a request that grows older")


def check_clear(agent, waiting):
    waiting.go_on()
    wait_for(lambda: shown(agent, waiting) == [0, 0, 0], "nothing in flight")
    sgio(waiting.filesystem.path(), "--direct", "--calls", 4)
    wait_for(lambda: shown(agent, waiting) == [0, 0, 0], "nothing in flight")


@pytest.mark.parametrize("readers, writers", [
    (1, 0),
    (39, 1),  # direct reads are of the background: more of them than max_background
], ids=("one", "forty-blocked"))
def test_what_waits_is_in_flight(tmp_path, control, readers, writers):
    with (hung(tmp_path, control, readers, writers) as waiting,
          running(tmp_path) as agent):
        check_hung(agent, waiting)
        check_clear(agent, waiting)


def test_agent_killed_and_started_again_in_the_middle(tmp_path, control):
    with hung(tmp_path, control, 7, 1, options=("--no-async-dio",)) as waiting:
        with running(tmp_path) as agent:
            check_hung(agent, waiting)
            agent.process.kill()
        with running(tmp_path) as agent:
            check_hung(agent, waiting)
            check_clear(agent, waiting)


def test_agent_started_on_a_busy_mount_invents_nothing(tmp_path, mount):
    """Requests come and go while the kernel's lists are read, in memory that is used over and over:
    none that is in flight now was so all the time."""
    filesystem = mount("--threads", "4")
    with subprocess.Popen([SGIO, "--direct", "--engine", "aio", "--segments", "1", "--threads", "32",
                           "--duration", "300", filesystem.path()],
                          stdout=subprocess.DEVNULL) as load:
        try:
            wait_for(lambda: filesystem.counts("read")["requests"], "I/O")
            ages = []
            with running(tmp_path) as agent:
                for _ in range(10):
                    ages.append(agent.scrape().total("fuse_oldest_request_age_seconds",
                                                     mountpoint=filesystem.label))
                    time.sleep(0.1)
            assert min(ages) < 0.1, ages
        finally:
            end(load)

# SPDX-License-Identifier: Apache-2.0
"""A real network filesystem, sshfs, whose server stops and is killed in the middle of I/O."""

import time

import pytest

import accounts
from harness import account, end, sgio, wait_for
from sshfs import Sshfs
from test_endings import LOAD, THREADS, Scene

pytestmark = pytest.mark.serial


@pytest.fixture
def scene(agent, tmp_path):
    filesystem = Sshfs(tmp_path)
    scene = Scene(agent, filesystem)
    yield scene
    if scene.load and scene.load.poll() is None:
        scene.load.kill()
        scene.load.wait(20)
    filesystem.end()


def seconds_of_a_scrape(agent):
    began = time.monotonic()
    agent.scrape()
    return time.monotonic() - began


def test_calls_are_counted(agent, scene):
    sgio(scene.filesystem.path(), "--direct", "--engine", "plain", "--calls", 50)
    sgio(scene.filesystem.path(), "--op", "write", "--direct", "--engine", "plain", "--calls", 30)
    scrape = agent.scrape()
    for op, calls in (("read", 50), ("write", 30)):
        labels = {"mountpoint": scene.filesystem.label, "fstype": "fuse.sshfs", "op": op,
                  "mode": "direct"}
        assert scrape.total("fuse_io_requests_count", **labels) == calls
        assert scrape.total("fuse_io_requests_sum", **labels) == calls


def test_server_stops_and_goes_on(agent, scene):
    scene.start_load(*LOAD)
    scene.pause()
    scene.wait_in_flight(THREADS)
    wait_for(lambda: scene.age() > 1, "a request that is a second old")
    assert seconds_of_a_scrape(agent) < 1
    scene.resume()
    end(scene.load)
    scene.settle("sshfs: server stops and goes on")


def outcome(scene):
    """In one scrape, because the last one of a mount that is gone is the only one: nothing if a
    request is still in flight, or if the scrape has not seen yet that each reader's request ended.
    Not all need end with an error: a client that loses its server answers some with no data."""
    scrape = scene.agent.scrape()
    errors = scrape.select("fuse_request_errors_total", op="read",
                           mountpoint=scene.filesystem.label)
    total = account(scrape, scene.filesystem.label)
    lost = sum(scene.lost(scrape).values())
    seen = {error.labels["error"]: error.value for error in errors if error.value}
    reads = scrape.maybe("fuse_request_duration_seconds_count", op="read",
                         mountpoint=scene.filesystem.label)
    return (reads - scene.reads_before + lost >= THREADS and total["in_flight"] == 0
            and (total, lost, seen))


def test_server_is_killed(agent, scene):
    scene.start_load(*LOAD)
    scene.pause()
    scene.wait_in_flight(THREADS)
    scene.filesystem.process.kill()
    total, lost, errors = wait_for(lambda: outcome(scene), "errors, and nothing in flight")
    assert total["sent"] == total["ended"] + lost
    assert set() < errors.keys() <= {"EIO", "ECONNABORTED", "ENOTCONN"}
    accounts.note("sshfs: server is killed", total, lost)
    assert seconds_of_a_scrape(agent) < 1

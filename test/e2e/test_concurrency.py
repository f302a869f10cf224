# SPDX-License-Identifier: Apache-2.0
"""Many at once: mounts, threads, scrapes, and agents that come and go while I/O is running."""

import subprocess
import threading
import time

import pytest

from harness import (SEEN_AFTER, SGIO, Agent, Scrape, data_requests, difference, sgio, wait_for)


def exact(agent, filesystem, op):
    assert data_requests(agent.scrape(), filesystem.label, op) == filesystem.counts(op)


def test_two_mounts_at_once(agent, mount, tmp_path):
    merging = mount(mountpoint=tmp_path / "merging")
    splitting = mount("--max-write", "128K", "--max-read", "128K",
                      mountpoint=tmp_path / "splitting")
    drivers = [subprocess.Popen([SGIO, "--direct", "--calls", "200", "--same", "--op", op,
                                 filesystem.path()], stdout=subprocess.DEVNULL)
               for filesystem in (merging, splitting) for op in ("read", "write")]
    assert [driver.wait(60) for driver in drivers] == [0, 0, 0, 0]
    scrape = agent.scrape()
    for filesystem, requests in ((merging, 1), (splitting, 8)):
        for op in ("read", "write"):
            exact(agent, filesystem, op)
            labels = {"mountpoint": filesystem.label, "op": op, "mode": "direct"}
            assert scrape.total("fuse_io_requests_count", **labels) == 200
            assert scrape.total("fuse_io_requests_sum", **labels) == 200 * requests


@pytest.mark.parametrize("max_pages,requests", [("1M", 1), ("128K", 8), ("4K", 256)])
@pytest.mark.parametrize("engine", ["vector", "aio", "uring"])
def test_eight_threads_at_once(agent, mount, engine, max_pages, requests):
    filesystem = mount("--max-write", max_pages, "--max-read", max_pages)
    driver = sgio(filesystem.path(), "--direct", "--engine", engine, "--threads", "8", "--calls",
                  "8")
    assert driver["calls"] == 64
    scrape = agent.scrape()
    exact(agent, filesystem, "read")
    labels = {"mountpoint": filesystem.label, "op": "read", "mode": "direct"}
    assert scrape.total("fuse_io_requests_count", **labels) == 64
    assert scrape.total("fuse_io_requests_sum", **labels) == 64 * requests
    assert scrape.total("fuse_io_bytes_total", **labels) == driver["asked_bytes"]
    assert scrape.total("fuse_io_segments_total", **labels) == 64 * 256


@pytest.fixture
def running_io(mount):
    filesystem = mount("--max-write", "128K", "--max-read", "128K")
    driver = subprocess.Popen([SGIO, "--direct", "--duration", "60", "--threads", "2", "--same",
                               "--pause-us", "1000", filesystem.path()], stdout=subprocess.DEVNULL)
    wait_for(lambda: filesystem.counts("read")["requests"] > 100, "I/O under way")
    yield filesystem, driver
    driver.kill()
    driver.wait()


def counts_after(agent, filesystem):
    """Does a known amount of I/O and returns what the agent and the filesystem say of it."""
    before, truth_before = (data_requests(agent.scrape(), filesystem.label, "write"),
                            filesystem.counts("write"))
    sgio(filesystem.path(), "--op", "write", "--direct", "--calls", "50", "--same")
    return (difference(data_requests(agent.scrape(), filesystem.label, "write"), before),
            difference(filesystem.counts("write"), truth_before))


def test_agent_started_and_restarted_while_io_is_running(running_io, tmp_path):
    filesystem, driver = running_io
    for _ in range(3):
        agent = Agent(log=tmp_path / "agent.log")
        seen, truth = counts_after(agent, filesystem)
        assert seen == truth and truth["requests"] == 400
        labels = {"mountpoint": filesystem.label, "op": "read", "mode": "direct"}
        wait_for(lambda: agent.scrape().maybe("fuse_io_requests_count", **labels) > 100,
                 "calls of the running driver")
        assert agent.stop() == 0
    # All that the last agent saw of the reads: whole calls of 8, none torn by its start.
    agent = Agent(log=tmp_path / "agent.log")
    time.sleep(0.5)
    driver.kill()
    driver.wait()
    time.sleep(SEEN_AFTER)
    scrape = agent.scrape()
    calls = scrape.total("fuse_io_requests_count", **labels)
    requests = scrape.total("fuse_io_requests_sum", **labels)
    assert calls > 100 and 8 * calls - 16 <= requests <= 8 * calls
    assert scrape.total("fuse_requests_in_flight", mountpoint=filesystem.label) == 0
    agent.stop()


def test_no_counter_ever_goes_down(agent, mount):
    filesystem = mount("--max-write", "128K", "--max-read", "128K")
    drivers = [subprocess.Popen([SGIO, "--duration", "4", "--threads", "2", "--same", *options,
                                 filesystem.path()], stdout=subprocess.DEVNULL)
               for options in (["--direct"], ["--direct", "--engine", "aio"],
                               ["--op", "write", "--buffered"])]
    scrapes = 0
    while any(driver.poll() is None for driver in drivers):
        agent.scrape()  # is checked
        scrapes += 1
    assert scrapes > 20


def test_scrapes_at_once(agent):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(Scrape(agent.fetch()))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 16 and all(isinstance(answer, Scrape) for answer in answers)

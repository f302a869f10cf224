# SPDX-License-Identifier: Apache-2.0
"""Mounts and agents come and go."""

import os
import signal
import subprocess
import time

import pytest

from harness import COUNTFS, SEEN_AFTER, Agent, data_requests, end, sgio, wait_for


def test_a_mount_is_listed_with_its_limits_before_any_io(agent, mount):
    filesystem = mount("--max-write", "128K", "--max-read", "256K", "--max-background", "7")
    labels = {"mountpoint": filesystem.label}
    info = wait_for(lambda: agent.scrape().select("fuse_mount_info", **labels), "fuse_mount_info")
    assert len(info) == 1
    device = os.stat(filesystem.mountpoint).st_dev
    assert info[0].labels == {**labels, "fstype": "fuse.countfs", "source": "countfs",
                              "connection": str(os.minor(device)), "transport": "dev_fuse"}
    scrape = wait_for(lambda: (s := agent.scrape()).select("fuse_mount_max_write_bytes", **labels)
                      and s, "limits of the mount")
    negotiated = filesystem.stats()["negotiated"]
    assert scrape.total("fuse_mount_max_write_bytes", **labels) == negotiated["max_write"] == 131072
    assert scrape.total("fuse_mount_max_read_bytes", **labels) == 262144
    assert scrape.total("fuse_mount_max_pages", **labels) == negotiated["max_pages"] == 32
    assert scrape.total("fuse_mount_max_background_requests", **labels) == 7
    assert scrape.total("fuse_mount_congestion_threshold_requests", **labels) == \
        negotiated["congestion_threshold"]
    window = open(f"/sys/class/bdi/0:{os.minor(device)}/read_ahead_kb").read()
    assert scrape.total("fuse_mount_readahead_bytes", **labels) == int(window) * 1024


def test_a_limit_changed_while_mounted_is_seen(agent, mount):
    filesystem = mount()
    device = os.minor(os.stat(filesystem.mountpoint).st_dev)
    with open(f"/sys/class/bdi/0:{device}/read_ahead_kb", "w") as file:
        file.write("512")
    assert agent.scrape().total("fuse_mount_readahead_bytes",
                                mountpoint=filesystem.label) == 512 * 1024


@pytest.mark.parametrize("engine,op", [("stream", "read"), ("splice", "read"), ("aio", "read"),
                                       ("uring", "read"), ("vector", "write")])
def test_an_ended_call_shows_without_further_io(agent, mount, engine, op):
    """The thread stays alive and does no more I/O: its call must show all the same."""
    filesystem = mount()
    driver = subprocess.Popen(
        [COUNTFS.parents[1] / "load/sgio", "--buffered", "--engine", engine, "--op", op,
         "--segments", "1", "--segment-bytes", "1M", "--calls", "2", "--pause-us", "3000000",
         filesystem.path()], stdout=subprocess.DEVNULL)
    requests = 8 if op == "read" else 1
    wait_for(lambda: filesystem.counts(op)["requests"] >= requests, "the first call's requests")
    time.sleep(SEEN_AFTER)
    calls = agent.scrape().total("fuse_io_requests_count", mountpoint=filesystem.label, op=op)
    assert driver.poll() is None, "the driver must still pause"
    assert calls == 1
    driver.terminate()
    driver.wait()


def test_a_mount_that_is_gone_is_shown_once_more(agent, mount):
    filesystem = mount()
    sgio(filesystem.path(), "--direct", "--calls", "4")
    truth = filesystem.counts("read")
    agent.scrape()
    filesystem.stop()
    assert data_requests(agent.scrape(), filesystem.label, "read") == truth
    assert agent.scrape().select("fuse_mount_info", mountpoint=filesystem.label) == []
    assert agent.scrape().select("fuse_io_requests_count", mountpoint=filesystem.label) == []


def test_calls_that_end_after_their_mount_are_its_own(agent, mount):
    """A call of splice(2) is over when it was idle for 100 ms: here its mount is gone by then. No
    other mount that is given its row may count it."""
    filesystem = mount(name="gone")
    sgio(filesystem.path(), "--buffered", "--engine", "splice", "--calls", 1)
    agent.scrape()  # names the row
    filesystem.stop()
    calls = []

    def look():
        scrape = agent.scrape()
        calls.extend(s.value for s in scrape.select("fuse_io_requests_count", op="read",
                                                    mode="buffered", mountpoint=filesystem.label))
        return scrape

    for i in range(24):
        look()
        other = mount(name=f"next-{i}")
        assert look().maybe("fuse_io_requests_count", mountpoint=other.label) == 0
        other.stop()
        time.sleep(0.1)
    assert calls[-1] == 1


def test_counters_go_on_when_a_mount_comes_back(agent, mount):
    requests = 0
    for _ in range(4):
        filesystem = mount()
        sgio(filesystem.path(), "--direct", "--calls", "4")
        requests += filesystem.counts("read")["requests"]
        assert data_requests(agent.scrape(), filesystem.label, "read")["requests"] == requests
        filesystem.stop()
        agent.scrape()


def test_mounts_between_two_scrapes_are_not_taken_for_each_other(agent, mount, tmp_path):
    """The kernel gives a new connection the memory and the device number of the last one."""
    for i in range(6):
        filesystem = mount(mountpoint=tmp_path / f"mount-{i}")
        sgio(filesystem.path(), "--direct", "--calls", i + 1)
        if i < 5:
            filesystem.stop()
    assert data_requests(agent.scrape(), filesystem.label, "read") == filesystem.counts("read")


def test_requests_in_flight(agent, mount):
    filesystem = mount("--reply-delay-ms", "1500", "--threads", "8")
    driver = subprocess.Popen([COUNTFS.parents[1] / "load/sgio", "--direct", "--threads", "5",
                               "--calls", "1", filesystem.path()], stdout=subprocess.DEVNULL)

    def in_flight():
        return agent.scrape().total("fuse_requests_in_flight", mountpoint=filesystem.label)

    wait_for(lambda: in_flight() == 5, "5 requests in flight", timeout=3)
    assert driver.wait(20) == 0
    wait_for(lambda: in_flight() == 0, "nothing in flight")


def test_a_stopped_daemon_does_not_stop_the_agent(agent, mount):
    filesystem = mount("--threads", "1")
    filesystem.process.send_signal(signal.SIGSTOP)
    driver = subprocess.Popen([COUNTFS.parents[1] / "load/sgio", "--direct", filesystem.path()],
                              stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: agent.scrape().maybe("fuse_requests_in_flight",
                                              mountpoint=filesystem.label) == 1,
                 "a request in flight")
    finally:
        filesystem.process.send_signal(signal.SIGCONT)
    assert driver.wait(20) == 0


def test_a_mount_of_another_namespace_is_named(agent, tmp_path):
    directory = tmp_path / "private"
    directory.mkdir()
    process = subprocess.Popen(
        ["unshare", "--mount", "--propagation", "private", COUNTFS, "--stats",
         tmp_path / "stats.json", "--file", "data:4M", directory], stdout=subprocess.PIPE)
    assert process.stdout.readline().startswith(b"ready")
    wait_for(lambda: agent.scrape().select("fuse_mount_info", mountpoint=str(directory)),
             "the mount of the other namespace")
    assert end(process) == 0


def test_two_agents_count_the_same(agent, mount, tmp_path):
    second = Agent(log=tmp_path / "second.log")
    filesystem = mount()
    sgio(filesystem.path(), "--direct", "--calls", "20")
    truth = filesystem.counts("read")
    assert data_requests(agent.scrape(), filesystem.label, "read") == truth
    assert data_requests(second.scrape(), filesystem.label, "read") == truth
    assert second.stop() == 0


@pytest.mark.parametrize("end_signal", [signal.SIGTERM, signal.SIGINT])
def test_ends_cleanly(tmp_path, end_signal):
    agent = Agent(log=tmp_path / "agent.log")
    agent.process.send_signal(end_signal)
    assert agent.process.wait(5) == 0


@pytest.mark.serial
def test_more_mounts_than_rows_share_one(tmp_path, mount, agent):
    """64 mounts have series of their own; the others are counted together, and said to be. Others of
    this host take some of the 64."""
    shared_agent = agent
    agent = Agent(log=tmp_path / "agent.log")
    mounts = [mount("--threads", "1", mountpoint=tmp_path / f"m{i}", files=("data:1M",))
              for i in range(66)]
    for filesystem in mounts:
        sgio(filesystem.path(), "--direct", "--segments", "4")
    scrape = agent.scrape()
    assert scrape.total("fusescope_mounts_dropped_total") >= 2
    labels = {filesystem.label for filesystem in mounts}
    named = {s.labels["mountpoint"] for s in scrape.select("fuse_mount_info")}
    assert len(named) <= 64
    of_calls = {s.labels["mountpoint"]: s.value
                for s in scrape.select("fuse_io_requests_count", op="read", mode="direct")}
    assert {label: of_calls.get(label) for label in labels & named} == dict.fromkeys(labels & named, 1)
    assert of_calls["other"] == len(labels - named) >= 2
    agent.stop()
    for filesystem in mounts:
        filesystem.stop()
    shared_agent.scrape()  # gives the rows back that the next test needs

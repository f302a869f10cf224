# SPDX-License-Identifier: Apache-2.0
"""No counter that is shown goes down, whatever comes and goes around it. Every scrape is checked for
that (exposition.py); here is what would make one go down."""

import contextlib
import ctypes
import os
import subprocess

import pytest

from harness import account, data_requests, sgio, wait_for

LIBC = ctypes.CDLL(None, use_errno=True)
DETACH = 2  # MNT_DETACH
BATCH = 45  # of the 64 mounts that have rows of their own


@contextlib.contextmanager
def mounts_without_daemon(directory, names):
    """FUSE mounts whose INIT nobody reads: each has sent one request, and takes no process."""
    devices = []
    for name in names:
        device = os.open("/dev/fuse", os.O_RDWR)
        devices.append(device)
        path = directory / name
        path.mkdir()
        options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
        assert LIBC.mount(b"nobody", os.fsencode(path), b"fuse.nobody", 0, options) == 0, \
            os.strerror(ctypes.get_errno())
    try:
        yield
    finally:
        for name in names:
            LIBC.umount2(os.fsencode(directory / name), DETACH)
        for device in devices:
            os.close(device)


@pytest.mark.serial  # takes the rows of other mounts
def test_a_mount_outlasts_many_others(agent, mount, tmp_path):
    first = mount()  # leaves before all others
    sgio(first.path(), "--direct", "--calls", 32)
    requests = first.counts("read")["requests"]
    agent.scrape()
    first.stop()
    agent.scrape()
    filesystem = mount()
    sgio(filesystem.path(), "--direct", "--calls", 32)
    requests += filesystem.counts("read")["requests"]
    shown = agent.scrape().total("fuse_requests_sent_total", mountpoint=filesystem.label)
    assert shown > requests
    before = agent.scrape().maybe("fusescope_mounts_forgotten_total")
    for batch in range(7):
        with mounts_without_daemon(tmp_path, [f"other-{batch}-{i}" for i in range(BATCH)]):
            named = agent.checker.check(agent.fetch())  # each is checked, and not parsed again
        assert sum(f"/other-{batch}-" in mountpoint
                   for mountpoint, _ in named.by_mount("fuse_requests_sent_total")) == BATCH
        agent.checker.check(agent.fetch())
    scrape = agent.scrape()
    assert scrape.total("fuse_requests_sent_total", mountpoint=filesystem.label) == shown
    assert data_requests(scrape, filesystem.label, "read")["requests"] == requests
    assert scrape.total("fusescope_mounts_forgotten_total") > before, "what is gone is forgotten"


def test_what_was_counted_stays_with_the_name_that_it_was_shown_under(agent, mount, tmp_path):
    filesystem = mount(name="first")
    sgio(filesystem.path(), "--direct", "--calls", 8)
    agent.scrape()
    second = tmp_path / "second"
    second.mkdir()
    subprocess.run(["mount", "--bind", filesystem.label, second], check=True)
    try:
        assert data_requests(agent.scrape(), filesystem.label, "read")["requests"] == 8
        subprocess.run(["umount", filesystem.label], check=True)
        before = agent.scrape()
        assert data_requests(before, filesystem.label, "read")["requests"] == 8
        sgio(os.fsencode(second / "data"), "--direct", "--calls", 3)
        scrape = agent.scrape()
        assert data_requests(scrape, str(second), "read")["requests"] == 3
        assert scrape.total("fusescope_mounts_renamed_total") >= 1
        assert scrape.select("fuse_requests_sent_total", mountpoint=filesystem.label) == []
    finally:
        subprocess.run(["umount", second], check=True)
        filesystem.stop()


def test_a_connection_without_a_name_is_not_shown_as_another(agent, tmp_path):
    """Its mount is in no table when it is first seen, and never will be."""
    with mounts_without_daemon(tmp_path, ["detached"]):
        root = os.open(tmp_path / "detached", os.O_PATH)  # keeps it
        assert LIBC.umount2(os.fsencode(tmp_path / "detached"), DETACH) == 0
        assert agent.scrape().total("fusescope_mounts_unnamed") >= 1
        wait_for(lambda: account(agent.scrape(), "unknown")["in_flight"] >= 1, "the unknown one")
        os.close(root)

# SPDX-License-Identifier: Apache-2.0
"""copy_file_range(2) as `cp` calls it, and sendfile(2): the kernel copies through a pipe of 16 pages.
A copy is a read and a write, of the bytes that it moved; splice(2) is one of them."""

import contextlib
import fcntl
import os
import time

import pytest

from harness import SEEN_AFTER, data_requests, sees_each_call

MIB = 1 << 20
FILES = ("data:4M", "small:5000", "copy:4M")
MORE_THAN_ANY_FILE = 1 << 40


def by_copy_file_range(source, target):
    return os.copy_file_range(source, target, MORE_THAN_ANY_FILE)


def by_sendfile(source, target):
    return os.sendfile(target, source, None, MORE_THAN_ANY_FILE)


@contextlib.contextmanager
def files_to_copy(filesystem, name):
    source = os.open(filesystem.path(name), os.O_RDONLY)
    target = os.open(filesystem.path("copy"), os.O_WRONLY)
    yield source, target
    os.close(source)
    os.close(target)


def copy(step, source, target):
    for file in (source, target):
        os.lseek(file, 0, os.SEEK_SET)
    while step(source, target):
        pass


class Counted:
    """What the agent says of the buffered calls of a mount, once each has ended."""

    def __init__(self, scrape, filesystem, op):
        labels = {"mountpoint": filesystem.label, "op": op, "mode": "buffered"}
        self.calls = scrape.maybe("fuse_io_requests_count", **labels)
        self.requests = scrape.maybe("fuse_io_requests_sum", **labels)
        self.bytes = scrape.maybe("fuse_io_bytes_total", **labels)
        self.splits, self.extra = (
            {s.labels["cause"]: s.value for s in scrape.select(name, **labels) if s.value}
            for name in ("fuse_io_splits_total", "fuse_io_extra_requests_total"))


def counted(agent, filesystem):
    """A scrape, and what it says of the calls that read, and of those that write."""
    scrape = agent.scrape()
    for op in ("read", "write"):
        assert data_requests(scrape, filesystem.label, op) == filesystem.counts(op)
    return scrape, *(Counted(scrape, filesystem, op) for op in ("read", "write"))


def check_whole_copy(scrape, filesystem, read, write):
    assert filesystem.counts("write")["requests"] == write.requests == 64
    assert read.bytes == write.bytes == 4 * MIB
    if sees_each_call(scrape):
        assert write.calls == 64 and write.splits == {}
        return
    assert read.requests == filesystem.counts("read")["requests"]
    assert (read.calls, read.splits) == (1, {"readahead_window": 1})
    assert (write.calls, write.splits, write.extra) == (1, {"pipe": 1}, {"pipe": 63})


@pytest.mark.parametrize("step", [by_copy_file_range, by_sendfile], ids=lambda step: step.__name__)
def test_copy_is_a_read_and_a_write(agent, mount, step):
    filesystem = mount(name="copies", files=FILES)
    with files_to_copy(filesystem, "data") as files:
        copy(step, *files)
        scrape, read, write = counted(agent, filesystem)
        check_whole_copy(scrape, filesystem, read, write)
        copy(step, *files)
        scrape, again, write_again = counted(agent, filesystem)
    assert (write_again.requests, write_again.bytes) == (128, 8 * MIB)
    assert write_again.calls == 2 * write.calls
    assert again.requests == read.requests, "the source is in the page cache"
    assert again.bytes == (8 if sees_each_call(scrape) else 4) * MIB


@pytest.mark.parametrize("step", [by_copy_file_range, by_sendfile], ids=lambda step: step.__name__)
def test_small_copy_counts_what_it_moved(agent, mount, step):
    filesystem = mount(name="copies", files=FILES)
    with files_to_copy(filesystem, "small") as files:
        copy(step, *files)
        _, *both = counted(agent, filesystem)
    for each in both:
        assert (each.calls, each.requests, each.bytes) == (1, 1, 5000)


def test_splice_counts_what_it_moved(agent, mount):
    """Asked for all there is, it gets what the pipe holds."""
    filesystem = mount(name="copies", files=FILES)
    out_of_pipe, into_pipe = os.pipe()
    size = fcntl.fcntl(into_pipe, fcntl.F_GETPIPE_SZ)
    with files_to_copy(filesystem, "data") as (source, target):
        assert os.splice(source, into_pipe, MORE_THAN_ANY_FILE, offset_src=0) == size
        assert os.splice(out_of_pipe, target, MORE_THAN_ANY_FILE, offset_dst=0) == size
        time.sleep(SEEN_AFTER)
        _, *both = counted(agent, filesystem)
    os.close(out_of_pipe)
    os.close(into_pipe)
    for each in both:
        assert (each.calls, each.requests, each.bytes) == (1, 1, size)

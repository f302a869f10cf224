# SPDX-License-Identifier: Apache-2.0
"""I/O on a FUSE file in the middle of a call on another: each request is counted with the mount,
the call and the origin that are its own."""

import contextlib
import dataclasses
import mmap
import os
import subprocess
import tempfile
import time

import pytest

from harness import (SEEN_AFTER, calls_without_requests, data_requests, origins, sees_each_call, sgio)

MIB = 1 << 20
FILES = ("data:4M", "buffer:4M")
CALLS = 8


def call_with_mapped_buffer(path, buffer_path, op, direct):
    """One call of 1 MiB whose memory is another file's: it is read by page faults meanwhile."""
    file = os.open(path, os.O_RDWR | (os.O_DIRECT if direct else 0))
    buffer_file = os.open(buffer_path, os.O_RDONLY)
    with mmap.mmap(buffer_file, MIB, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE) as buffer:
        done = os.preadv(file, [buffer], 0) if op == "read" else os.pwrite(file, buffer, 0)
    os.close(buffer_file)
    os.close(file)
    assert done == MIB
    time.sleep(SEEN_AFTER)


@pytest.mark.parametrize("mode", ["direct", "buffered"])
@pytest.mark.parametrize("op", ["read", "write"])
def test_page_fault_on_another_mount(agent, mount, op, mode):
    faulted = mount(name="faulted", files=FILES)
    called = mount(name="called", files=FILES)
    call_with_mapped_buffer(called.path(), faulted.path("buffer"), op, mode == "direct")
    scrape = agent.scrape()
    for filesystem in (called, faulted):
        for each in ("read", "write"):
            assert (data_requests(scrape, filesystem.label, each) == filesystem.counts(each))
    reads = faulted.counts("read")["requests"]
    assert reads and origins(scrape, faulted.label, "read") == {"readahead": reads}
    assert scrape.maybe("fuse_io_requests_bucket", mountpoint=faulted.label, le="+Inf") == 0
    labels = {"mountpoint": called.label, "op": op, "mode": mode}
    assert scrape.total("fuse_io_requests_count", **labels) == 1
    assert scrape.total("fuse_io_bytes_total", **labels) == MIB
    own = scrape.total("fuse_io_requests_sum", **labels)
    assert own == origins(scrape, called.label, op)["call"]
    ahead = 1 if (op, mode) == ("read", "buffered") else 0
    assert own == called.counts(op)["requests"] - ahead


@pytest.mark.parametrize("mode", ["direct", "buffered"])
@pytest.mark.parametrize("op", ["read", "write"])
def test_page_fault_on_another_file(agent, mount, op, mode):
    filesystem = mount(name="mount", files=FILES)
    call_with_mapped_buffer(filesystem.path(), filesystem.path("buffer"), op, mode == "direct")
    scrape = agent.scrape()
    files = {name: {op: counts["requests"] for op, counts in opcodes.items()}
             for name, opcodes in filesystem.stats()["files"].items()}
    for each in ("read", "write"):
        assert data_requests(scrape, filesystem.label, each) == filesystem.counts(each)
    ahead = 1 if (op, mode) == ("read", "buffered") else 0
    seen = {each: origins(scrape, filesystem.label, each) for each in ("read", "write")}
    own = files["data"][op] - ahead
    expected = {"read": {"readahead": files["buffer"]["read"] + ahead}, "write": {}}
    expected[op]["call"] = own
    assert seen == expected
    labels = {"mountpoint": filesystem.label}
    assert scrape.total("fuse_io_requests_count", **labels) == 1
    assert scrape.total("fuse_io_requests_sum", op=op, mode=mode, **labels) == own


@dataclasses.dataclass(frozen=True)
class Through:
    name: str
    sgio: tuple
    op: str = "read"
    mode: str = "direct"
    requests: int = 8 * CALLS  # that the calls on the backing file make
    ahead: int = 0

    def __str__(self):
        return f"{self.name}-{self.op}"


THROUGH = [
    Through("vector", ("--direct", "--engine", "vector")),
    Through("vector", ("--direct", "--engine", "vector"), op="write"),
    Through("aio", ("--direct", "--engine", "aio")),
    Through("io_uring", ("--direct", "--engine", "uring")),
    Through("buffered", ("--engine", "vector"), mode="buffered", requests=57, ahead=8),
    Through("buffered", ("--engine", "vector"), op="write", mode="buffered"),
]


@pytest.mark.parametrize("case", THROUGH, ids=str)
def test_passthrough_to_another_mount(agent, mount, case):
    """fs/fuse/passthrough.c: a call on the backing file within that on the file. What a thread does
    with the page cache of a file that its system call does not name cannot be known by
    tracepoints."""
    files = ("data:16M",)
    backing = mount("--max-write", "128K", "--max-read", "128K", name="backing", files=files)
    mounted = mount("--passthrough", backing.path(), name="mounted", files=files)
    sgio(mounted.path(), "--op", case.op, "--calls", CALLS, *case.sgio)
    time.sleep(SEEN_AFTER)
    scrape = agent.scrape()
    assert mounted.counts(case.op)["requests"] == 0
    assert data_requests(scrape, mounted.label, case.op)["requests"] == 0
    assert data_requests(scrape, backing.label, case.op) == backing.counts(case.op)
    assert backing.counts(case.op)["requests"] == case.requests + case.ahead
    outer = {"mountpoint": mounted.label, "op": case.op, "mode": case.mode}
    inner = outer | {"mountpoint": backing.label}
    assert calls_without_requests(scrape, **outer) == (CALLS if sees_each_call(scrape) else 0)
    assert scrape.maybe("fuse_io_requests_sum", mountpoint=mounted.label) == 0
    assert calls_without_requests(scrape, **inner) == 0
    is_known = case.mode == "direct" or sees_each_call(scrape)
    assert scrape.maybe("fuse_io_requests_count", **inner) == (CALLS if is_known else 0)
    own = case.requests if is_known else 0
    assert scrape.maybe("fuse_io_requests_sum", **inner) == own
    assert origins(scrape, backing.label, case.op).get("call", 0) == own


@contextlib.contextmanager
def overlay(lower):
    """A mount of overlayfs that shows the directory LOWER."""
    with tempfile.TemporaryDirectory() as directory:
        empty, merged = os.path.join(directory, "empty"), os.path.join(directory, "merged")
        os.mkdir(empty)
        os.mkdir(merged)
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", f"lowerdir={lower}:{empty}",
                        merged], check=True)
        try:
            yield merged
        finally:
            subprocess.run(["umount", merged], check=True)


THROUGH_OVERLAYFS = [
    Through("buffered", ("--engine", "vector"), mode="buffered", requests=57, ahead=8),
    Through("io_uring", ("--engine", "uring"), mode="buffered", requests=57, ahead=8),
    Through("direct", ("--direct", "--engine", "vector")),
]


@pytest.mark.parametrize("case", THROUGH_OVERLAYFS, ids=str)
def test_through_overlayfs(agent, mount, case):
    """The system call names the file of overlayfs; the call on the file that lies behind it counts."""
    filesystem = mount("--max-write", "128K", "--max-read", "128K", name="lower",
                       files=("data:16M",))
    with overlay(filesystem.label) as merged:
        sgio(os.path.join(merged, "data"), "--op", "read", "--calls", CALLS, *case.sgio)
        time.sleep(SEEN_AFTER)
        scrape = agent.scrape()
    assert data_requests(scrape, filesystem.label, "read") == filesystem.counts("read")
    expected = {"call": case.requests} | ({"readahead": case.ahead} if case.ahead else {})
    assert origins(scrape, filesystem.label, "read") == expected
    labels = {"mountpoint": filesystem.label, "op": "read", "mode": case.mode}
    assert scrape.total("fuse_io_requests_sum", **labels) == case.requests
    if case.name == "io_uring" and sees_each_call(scrape):
        return  # a call that is tried again can be counted as another: docs/kernels.md
    assert scrape.total("fuse_io_requests_count", **labels) == CALLS
    assert scrape.total("fuse_io_bytes_total", **labels) == CALLS * MIB

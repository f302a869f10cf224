# SPDX-License-Identifier: Apache-2.0
"""With two background requests allowed most are sent when an earlier one ends, by a thread of the
daemon (flush_bg_queue(), fs/fuse/dev.c): they belong to the call that made them all the same."""

import dataclasses
import os
import time

import pytest

from harness import SEEN_AFTER, data_requests, origins, sgio

SPLIT = ("--max-background", "2", "--max-write", "4K", "--max-read", "4K")
THREADS = ("--direct", "--threads", "4", "--calls", "4", "--same-region")
ONE_MIB = ("--engine", "stream", "--segments", "1", "--segment-bytes", "1M")


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    sgio: tuple
    calls: int
    origins: dict
    op: str = "read"
    mode: str = "direct"
    fs: tuple = ()

    def __str__(self):
        return f"{self.name}-{self.op}"


CASES = [
    *(Case(engine, (*THREADS, "--engine", engine), 16, {"call": 16 * 256}, op=op)
      for engine in ("vector", "aio", "uring") for op in ("read", "write")),
    # How far is read ahead depends on the queue: fuse_readahead(), fs/fuse/file.c.
    Case("buffered", (*ONE_MIB, "--calls", "4", "--readahead-off"), 4, {"call": 4 * 256},
         mode="buffered"),
    Case("writeback", (*ONE_MIB, "--calls", "2", "--fsync"), 0, {"writeback": 512}, op="write",
         mode="buffered", fs=("--writeback-cache",)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_background_queue(agent, mount, case):
    filesystem = mount(*SPLIT, *case.fs)
    sgio(filesystem.path(), "--op", case.op, *case.sgio)
    time.sleep(SEEN_AFTER)
    scrape = agent.scrape()
    labels = {"mountpoint": filesystem.label, "op": case.op}
    assert data_requests(scrape, filesystem.label, case.op) == filesystem.counts(case.op)
    assert origins(scrape, filesystem.label, case.op) == case.origins
    assert scrape.total("fuse_io_requests_count", mode=case.mode, **labels) == case.calls
    assert scrape.total("fuse_io_requests_sum", mode=case.mode, **labels) == \
        case.origins.get("call", 0)
    assert scrape.total("fuse_io_minimum_requests_total", mode=case.mode, **labels) == case.calls
    assert scrape.maybe("fuse_io_splits_total", **labels) == case.calls


def test_writeback_that_a_call_waits_for(agent, mount):
    """A write of O_SYNC sends its pages itself, as writeback; it would be the same a second later."""
    filesystem = mount("--writeback-cache", name="synchronous")
    file = os.open(filesystem.path(), os.O_WRONLY | os.O_SYNC)
    for call in range(8):
        assert os.pwrite(file, bytes(4 * 4096), call * 4 * 4096) == 4 * 4096
    os.close(file)
    scrape = agent.scrape()
    sent = data_requests(scrape, filesystem.label, "write")
    assert sent == filesystem.counts("write") and sent["requests"] >= 8
    assert origins(scrape, filesystem.label, "write") == {"writeback": sent["requests"]}
    assert scrape.maybe("fuse_io_requests_sum", mountpoint=filesystem.label, op="write") == 0

# SPDX-License-Identifier: Apache-2.0
"""I/O calls that made no request: hooks on their functions count them, in the bucket le="0";
tracepoints of requests cannot see them, and say nothing."""

import os
import time

import pytest

from harness import SEEN_AFTER, calls_without_requests, data_requests, sees_each_call, sgio

FILES = ("data:2M",)
CALLS = 16
CALL = ("--segment-bytes", "64K", "--calls", CALLS)
VECTOR = ("--segments", "16", "--segment-bytes", "4K", "--calls", CALLS)


def check(scrape, label, op, count, requests):
    """So many calls with a request each, and `count` with none."""
    labels = {"mountpoint": label, "op": op, "mode": "buffered"}
    assert calls_without_requests(scrape, **labels) == (count if sees_each_call(scrape) else 0)
    all_calls = requests + (count if sees_each_call(scrape) else 0)
    assert scrape.maybe("fuse_io_requests_bucket", le="+Inf", **labels) == all_calls
    assert scrape.maybe("fuse_io_requests_sum", **labels) == requests
    assert scrape.maybe("fuse_io_bytes_total", **labels) == all_calls * 65536


@pytest.mark.parametrize("engine", [("plain", *CALL), ("stream", *CALL), ("vector", *VECTOR),
                                    ("aio", *VECTOR), ("uring", *VECTOR)], ids=lambda e: e[0])
def test_page_cache_hits(agent, mount, engine):
    filesystem = mount("--keep-cache", name="cached", files=FILES)
    for _ in range(3):
        sgio(filesystem.path(), "--readahead-off", "--engine", *engine)
    time.sleep(SEEN_AFTER)
    scrape = agent.scrape()
    assert data_requests(scrape, filesystem.label, "read") == filesystem.counts("read")
    assert filesystem.counts("read")["requests"] == CALLS
    check(scrape, filesystem.label, "read", 2 * CALLS, CALLS)


def test_reads_at_the_end(agent, mount):
    filesystem = mount(name="ended", files=FILES)
    file = os.open(filesystem.path(), os.O_RDONLY)
    assert [os.pread(file, 65536, 2 << 20) for _ in range(CALLS)] == [b""] * CALLS
    os.close(file)
    # 5.10 asks for the page behind the end once: generic_file_buffered_read(), mm/filemap.c.
    requests = filesystem.counts("read")["requests"]
    assert requests <= 1
    check(agent.scrape(), filesystem.label, "read", CALLS - requests, requests)


def test_writes_that_stay_in_the_page_cache(agent, mount):
    filesystem = mount("--writeback-cache", name="writeback", files=FILES)
    sgio(filesystem.path(), "--op", "write", "--engine", "plain", *CALL)
    check(agent.scrape(), filesystem.label, "write", CALLS, 0)

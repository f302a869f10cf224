# SPDX-License-Identifier: Apache-2.0
"""I/O that is not one simple direct call: still exact for requests, pages and bytes, and each
request has the right origin."""

import dataclasses
import time

import pytest

from harness import SEEN_AFTER, data_requests, sgio, wait_for

ONE_MIB = ("--segments", "1", "--segment-bytes", "1M")


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    sgio: tuple
    calls: int | None  # I/O calls that the agent sees; None: any
    origins: dict
    op: str = "read"
    fs: tuple = ()
    causes: dict = dataclasses.field(default_factory=dict)
    mode: str = "buffered"
    bytes: int | None = None  # that those calls ask for; None: any

    def __str__(self):
        return self.name


WINDOW = {"readahead_window": 8}

CASES = [
    # Eight windows of 128 KiB for each MiB; the next window is read ahead of the last one.
    Case("read-1M", ("--engine", "stream", *ONE_MIB, "--calls", "8"), 8,
         {"call": 57, "readahead": 8}, causes=WINDOW),
    Case("preadv", ("--engine", "vector", "--calls", "8"), 8, {"call": 57, "readahead": 8},
         causes=WINDOW),
    Case("from-the-page-cache", ("--engine", "plain", *ONE_MIB, "--calls", "8", "--same"), 1,
         {"call": 8, "readahead": 1}, causes={"readahead_window": 1}),
    Case("no-readahead", ("--engine", "plain", "--segments", "1", "--segment-bytes", "64K",
                          "--calls", "16", "--readahead-off"), 16, {"call": 16}),
    Case("mmap", ("--engine", "mmap", *ONE_MIB, "--calls", "1"), 0, {"readahead": 9}),
    Case("splice", ("--engine", "splice", *ONE_MIB, "--calls", "4"), 4,
         {"call": 29, "readahead": 4}, causes={"readahead_window": 4}),
    Case("sendfile", ("--engine", "sendfile", *ONE_MIB, "--calls", "4"), 4,
         {"call": 29, "readahead": 4}, causes={"readahead_window": 4}),
    Case("io_submit", ("--engine", "aio", "--calls", "8"), 8, {"call": 57, "readahead": 8},
         causes=WINDOW),
    Case("io_uring", ("--engine", "uring", "--calls", "8"), 8, {"call": 57, "readahead": 8},
         causes=WINDOW),
    Case("no-async-read", ("--engine", "stream", *ONE_MIB, "--calls", "4"), 4,
         {"call": 29, "readahead": 4}, fs=("--no-async-read",), causes={"readahead_window": 4}),
    Case("splice-write", ("--engine", "splice", *ONE_MIB, "--calls", "4"), 4, {"call": 4},
         op="write"),
    Case("io_uring-write", ("--engine", "uring", "--calls", "8"), 8, {"call": 8}, op="write"),
    Case("io_uring-write-32-pages", ("--engine", "uring", *ONE_MIB, "--calls", "8"), 8,
         {"call": 64}, op="write", fs=("--max-write", "128K"), causes={"max_pages": 8},
         bytes=8 << 20),
    Case("sendfile-write", ("--engine", "sendfile", *ONE_MIB, "--calls", "4"), 4, {"call": 64},
         op="write", causes={"pipe": 4}, bytes=4 << 20),
    Case("writeback", ("--engine", "stream", *ONE_MIB, "--calls", "1", "--fsync"), 0,
         {"writeback": 1}, op="write", fs=("--writeback-cache",)),
    Case("writeback-32-pages", ("--engine", "stream", *ONE_MIB, "--calls", "1", "--fsync"), 0,
         {"writeback": 8}, op="write", fs=("--writeback-cache", "--max-write", "128K")),
    # A page that a write fills in part, and that is not in the cache, ends the request.
    Case("partial-pages", ("--engine", "stream", "--segments", "1", "--segment-bytes", "6000",
                           "--calls", "4"), 4, {"call": 7}, op="write", causes={"partial_page": 3}),
    Case("direct-without-async", ("--direct", "--engine", "vector", "--calls", "8"), 8,
         {"call": 64}, fs=("--no-async-dio", "--max-write", "128K", "--max-read", "128K"),
         causes={"max_pages": 8}, mode="direct"),
    Case("direct-io-by-the-daemon", ("--engine", "vector", "--calls", "8"), 8, {"call": 8},
         fs=("--direct-io",), mode="direct"),
    Case("direct-beyond-the-end", ("--direct", "--engine", "plain", *ONE_MIB, "--calls", "2",
                                   "--same", "--offset", "66584576"), 2, {"call": 2},
         mode="direct"),
    Case("max_read", ("--direct", "--engine", "vector", "--calls", "4"), 4, {"call": 32},
         fs=("--max-read", "128K"), causes={"max_read": 4}, mode="direct"),
    Case("max_write", ("--direct", "--engine", "vector", "--calls", "4"), 4, {"call": 32},
         op="write", fs=("--max-write", "128K", "--max-pages", "256"), causes={"max_write": 4},
         mode="direct"),
    Case("max_pages-not-negotiated", ("--direct", "--engine", "vector", "--calls", "4"), 4,
         {"call": 32}, fs=("--max-pages", "0"), causes={"max_pages": 4}, mode="direct"),
    Case("no-big-writes", ("--engine", "vector", "--calls", "1"), 1, {"call": 256}, op="write",
         fs=("--no-big-writes",), causes={"no_big_writes": 1}),
    Case("sqpoll", ("--direct", "--engine", "uring", "--sqpoll", "--calls", "8"), 8, {"call": 8},
         mode="direct"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_is_exact(agent, mount, case):
    filesystem = mount(*case.fs)
    sgio(filesystem.path(), "--op", case.op, *case.sgio)
    time.sleep(SEEN_AFTER)
    scrape = agent.scrape()
    labels = {"mountpoint": filesystem.label, "op": case.op}
    assert data_requests(scrape, filesystem.label, case.op) == filesystem.counts(case.op)
    origins = {s.labels["origin"]: s.value
               for s in scrape.select("fuse_request_origin_total", **labels) if s.value}
    assert origins == case.origins
    if case.calls is not None:
        assert scrape.total("fuse_io_requests_count", **labels) == case.calls
        assert scrape.total("fuse_io_requests_sum", **labels) == case.origins.get("call", 0)
        assert scrape.total("fuse_io_minimum_requests_total", **labels) == case.calls
        assert scrape.total("fuse_io_requests_count", mode=case.mode, **labels) == case.calls
    if case.bytes is not None:
        assert scrape.total("fuse_io_bytes_total", **labels) == case.bytes
    causes = {s.labels["cause"]: s.value
              for s in scrape.select("fuse_io_splits_total", **labels) if s.value}
    assert causes == case.causes


@pytest.mark.parametrize("options", [("--direct", "--engine", "vector"),
                                     ("--buffered", "--engine", "plain", *ONE_MIB)], ids=str)
@pytest.mark.parametrize("op", ["read", "write"])
def test_is_exact_when_requests_fail(agent, mount, options, op):
    filesystem = mount("--error-every", "5", "--max-write", "128K", "--max-read", "128K")
    driver = sgio(filesystem.path(), "--op", op, "--calls", "16", "--keep-going", *options)
    assert driver["errors"] or options[0] == "--buffered"
    time.sleep(SEEN_AFTER)
    scrape = agent.scrape()
    assert data_requests(scrape, filesystem.label, op) == filesystem.counts(op)
    assert scrape.total("fuse_io_requests_count", mountpoint=filesystem.label, op=op) == 16
    assert scrape.total("fuse_requests_in_flight", mountpoint=filesystem.label) == 0


def test_counts_every_opcode(agent, mount):
    """The duration histogram has each request that the filesystem answered, by opcode."""
    filesystem = mount()
    sgio(filesystem.path(), "--calls", "3", "--direct")

    def equal():
        truth = {op: counts["requests"] for op, counts in filesystem.stats()["opcodes"].items()
                 if op not in ("forget", "batch_forget", "interrupt")}  # they have no reply
        seen = {s.labels["op"]: s.value
                for s in agent.scrape().select("fuse_request_duration_seconds_count",
                                               mountpoint=filesystem.label)}
        return seen == truth

    wait_for(equal, "every opcode counted", timeout=2)  # RELEASE comes after close() has returned

# SPDX-License-Identifier: Apache-2.0
"""Each cause of a split, provoked: the agent counts exactly these splits and extra requests, with
this cause and no other. `unmerged` cannot be: every kernel of the matrix merges (cause_test.cc)."""

import dataclasses
import os
import time

import pytest

from harness import SEEN_AFTER, data_requests, sgio

KIB = 1024
VECTOR = ("--engine", "vector", "--segments", "256", "--segment-bytes", "4K")
ONE_MIB = ("--engine", "stream", "--segments", "1", "--segment-bytes", "1M")
# One call of the eight gets half of what it asked for, and the rest through the page cache.
EIGHT_CALLS = ("--direct", "--engine", "plain", "--segments", "1", "--segment-bytes", "128K",
               "--calls", "8")
CAP_128K = ("--max-read", "128K", "--max-write", "128K", "--max-pages", "256")
NO_ASYNC_DIO = "--no-async-dio"


@dataclasses.dataclass(frozen=True)
class Case:
    cause: str
    kind: str
    sgio: tuple
    splits: int
    extra: int  # requests of those calls that another one follows, closed for that cause
    op: str = "read"
    fs: tuple = ()
    others: dict = dataclasses.field(default_factory=dict)  # those closed for other causes

    def __str__(self):
        return f"{self.cause}-{self.kind}-{self.op}"


def of_both(*arguments, **more):
    return [Case(*arguments, op=op, **more) for op in ("read", "write")]


CASES = [
    *of_both("page_slots", "shifted", ("--direct", *VECTOR, "--offset-in-page", "512"), 1, 1),
    *of_both("page_slots", "small-segments", ("--direct", *VECTOR[:-1], "512"), 1, 1,
             fs=("--max-pages", "128")),
    *of_both("max_pages", "direct", ("--direct", *VECTOR, "--calls", "3"), 3, 21,
             fs=("--max-pages", "32")),
    *of_both("max_pages", "buffered", ONE_MIB, 1, 15, fs=("--max-pages", "16")),
    Case("max_read", "direct", ("--direct", *VECTOR, "--calls", "3"), 3, 21, fs=CAP_128K),
    Case("max_read", "buffered", ONE_MIB, 1, 15, fs=("--max-read", "64K")),
    Case("max_write", "direct", ("--direct", *VECTOR, "--calls", "3"), 3, 21, "write", CAP_128K),
    Case("max_write", "buffered", ONE_MIB, 1, 7, "write", CAP_128K),
    # The first request of each ends with its page, the others are full.
    Case("max_pages", "from-inside-a-page", (*ONE_MIB, "--offset", "1024", "--calls", "8"), 8, 56,
         "write", ("--max-write", "128K"), {"partial_page": 8}),
    Case("no_big_writes", "buffered", (*ONE_MIB, "--calls", "2"), 2, 510, "write",
         ("--no-big-writes",)),
    Case("readahead_window", "buffered", ONE_MIB, 1, 7),
    Case("readahead_window", "random", (*ONE_MIB, "--readahead-off"), 1, 7),
    # A window takes two requests, of 20 pages and of 12.
    Case("max_pages", "less-than-a-window", ONE_MIB, 1, 8, fs=("--max-pages", "20"),
         others={"readahead_window": 7}),
    # Calls of 6000 bytes begin at 0, 1904, 3808 and 1616 of a page, and end inside of the next.
    Case("partial_page", "unaligned", ("--engine", "stream", "--segments", "1", "--segment-bytes",
                                       "6000", "--calls", "4"), 3, 3, "write"),
    Case("short_reply", "async", EIGHT_CALLS, 1, 1, fs=("--short-every", "8")),
    Case("short_reply", "one-by-one", EIGHT_CALLS, 1, 1, fs=("--short-every", "8", NO_ASYNC_DIO)),
    # With async_dio a short WRITE is an error, and no call goes on: fuse_aio_complete().
    Case("short_reply", "one-by-one", EIGHT_CALLS, 1, 1, "write",
         ("--short-write-every", "8", NO_ASYNC_DIO)),
]


def by_cause(scrape, name, mountpoint):
    return {s.labels["cause"]: s.value for s in scrape.select(name, mountpoint=mountpoint)
            if s.value}


def is_seen(scrape, cause):
    """Calls that are grouped from their requests are direct or buffered, and so two calls here."""
    calls = scrape.select("fusescope_hook_info", role="call", mode="tracepoint")
    return cause != "short_reply" or not calls


def without_pages(counts):
    """countfs does not see the slots of unaligned buffers; test_workloads.py has them."""
    return {"requests": counts["requests"], "bytes": counts["bytes"]}


def check(scrape, filesystem, case):
    expected = ({case.cause: case.splits}, {case.cause: case.extra} | case.others)
    if not is_seen(scrape, case.cause):
        expected = ({}, {})
    assert by_cause(scrape, "fuse_io_splits_total", filesystem.label) == expected[0]
    assert by_cause(scrape, "fuse_io_extra_requests_total", filesystem.label) == expected[1]
    assert without_pages(data_requests(scrape, filesystem.label, case.op)) == \
        without_pages(filesystem.counts(case.op))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cause_is_told(agent, mount, case):
    filesystem = mount(*case.fs)
    sgio(filesystem.path(), "--op", case.op, *case.sgio)
    time.sleep(SEEN_AFTER)
    check(agent.scrape(), filesystem, case)


def test_cause_is_unknown_where_a_cached_page_ends_the_request(agent, mount):
    filesystem = mount()
    file = os.open(filesystem.path(), os.O_RDONLY)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_RANDOM)
    os.pread(file, 4 * KIB, 16 * KIB)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_NORMAL)
    os.pread(file, 64 * KIB, 0)
    os.close(file)
    time.sleep(SEEN_AFTER)
    check(agent.scrape(), filesystem, Case("unknown", "cached-page", (), 1, 1))


@pytest.mark.parametrize("op", ["read", "write"])
def test_cause_is_none_where_a_short_reply_ends_the_call(agent, mount, op):
    """FOPEN_DIRECT_IO: there is no page cache to get the rest through."""
    filesystem = mount("--direct-io", "--short-every", "8", "--short-write-every", "8")
    sgio(filesystem.path(), "--op", op, *EIGHT_CALLS[1:], check=False)
    time.sleep(SEEN_AFTER)
    scrape = agent.scrape()
    assert by_cause(scrape, "fuse_io_splits_total", filesystem.label) == {}
    assert data_requests(scrape, filesystem.label, op) == filesystem.counts(op)

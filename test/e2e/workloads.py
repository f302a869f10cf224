# SPDX-License-Identifier: Apache-2.0
"""Workloads and what each must count: the table "requests per call" of docs/kernels.md, as data."""

import dataclasses
import itertools

KIB = 1024
PAGE = 4096

# countfs options that make the kernel negotiate so many pages for a request
LIMITS = {
    256: [],
    32: ["--max-write", "128K", "--max-read", "128K"],
    1: ["--max-write", "4K", "--max-read", "4K"],
}


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    sgio: tuple
    max_pages: int
    requests: int  # of each call
    mode: str = "direct"
    op: str = "read"
    # Of the calls, if they are split; or extra requests of each by cause, that of most comes first.
    cause: str | dict = "max_pages"
    slots: int | None = None  # page slots of a call; None: the pages that countfs sees
    segments: int = 256  # of a call
    needed: int = 1  # of its requests, where the host allows 256 pages
    past_end: int = 0  # readahead requests beyond what the call asked for
    fs: tuple = ()

    def __str__(self):
        return f"{self.name}-{self.op}-{self.max_pages}"

    def extra(self):
        """Requests of one call beyond the first, by cause."""
        return self.cause if isinstance(self.cause, dict) else {self.cause: self.requests - 1}


VECTOR = ("--engine", "vector", "--segments", "256", "--segment-bytes", "4K")
UNALIGNED = (*VECTOR, "--offset-in-page", "512")
SMALL = ("--engine", "vector", "--segments", "256", "--segment-bytes", "512")
SINGLE = ("--engine", "plain", "--segments", "1", "--segment-bytes", "1M")
LARGE = ("--engine", "plain", "--segments", "1", "--segment-bytes", "4M")
SINGLE_OFF = (*SINGLE, "--offset-in-page", "512")

# More than one where a call is larger than any request of such a host.
NEEDED = {"4-MiB": 4}

# name, sgio options, segments, {max_pages: requests}, cause, slots of a call
DIRECT = [
    ("aligned", VECTOR, 256, {256: 1, 32: 8, 1: 256}, "max_pages", None),
    ("off-by-512", UNALIGNED, 256, {256: 2, 32: 16}, "page_slots", 512),
    ("512-byte", SMALL, 256, {256: 1, 32: 8, 1: 256}, "page_slots", 256),
    ("single-buffer", SINGLE, 1, {256: 1, 32: 8, 1: 256}, "max_pages", None),
    ("single-buffer-off-by-512", SINGLE_OFF, 1, {256: 2}, "page_slots", 257),
    ("single-buffer-off-by-512", SINGLE_OFF, 1, {32: 9}, {"max_pages": 7, "page_slots": 1}, 257),
    ("io_submit", ("--engine", "aio", *VECTOR[2:]), 256, {256: 1, 32: 8, 1: 256}, "max_pages", None),
    ("io_submit-single", ("--engine", "aio", *SINGLE[2:]), 1, {256: 1, 32: 8}, "max_pages", None),
    ("io_submit-depth-8", ("--engine", "aio", "--queue-depth", "8", *VECTOR[2:]), 256,
     {256: 1, 32: 8}, "max_pages", None),
    ("io_uring", ("--engine", "uring", *VECTOR[2:]), 256, {256: 1, 32: 8, 1: 256}, "max_pages", None),
    ("io_uring-single", ("--engine", "uring", *SINGLE[2:]), 1, {256: 1, 32: 8}, "max_pages", None),
    ("io_uring-fixed", ("--engine", "uring", "--uring-fixed", *SINGLE[2:]), 1, {256: 1, 32: 8},
     "max_pages", None),
    ("io_uring-depth-8", ("--engine", "uring", "--queue-depth", "8", *VECTOR[2:]), 256,
     {256: 1, 32: 8}, "max_pages", None),
    ("readv-writev", ("--engine", "streamv", *VECTOR[2:]), 256, {256: 1, 32: 8}, "max_pages", None),
    ("4-KiB", ("--engine", "plain", "--segments", "1", "--segment-bytes", "4K"), 1,
     {256: 1, 1: 1}, None, None),
    ("4-MiB", LARGE, 1, {256: 4, 32: 32}, "max_pages", 1024),
]


def direct_workloads():
    for (name, options, segments, requests, cause, slots), op in itertools.product(
            DIRECT, ("read", "write")):
        for max_pages, count in requests.items():
            yield Workload(name=name, sgio=("--direct", *options), max_pages=max_pages,
                           requests=count, op=op, cause=cause, slots=slots, segments=segments,
                           needed=NEEDED.get(name, 1))


def buffered_workloads():
    whole = ("--buffered", "--engine", "stream", "--segments", "1", "--segment-bytes", "1M")
    for max_pages, count in {256: 1, 32: 8, 1: 256}.items():
        yield Workload("buffered", whole, max_pages, count, mode="buffered", op="write",
                       segments=1)
    for max_pages, cause in {256: "readahead_window", 32: "max_pages"}.items():
        yield Workload("buffered", whole, max_pages, 8, mode="buffered", segments=1, cause=cause,
                       past_end=1)


ALL = [*direct_workloads(), *buffered_workloads()]

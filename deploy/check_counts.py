#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what the agent counted with what the filesystem counted and with what must be.

Usage: check_counts.py METRICS_FILE CALLS [MOUNTPOINT STATS_FILE REQUESTS CAUSE]...
CALLS: I/O calls of each operation on each mount; REQUESTS: of each call; CAUSE: - for no split.
Prints each number that is wrong; exit 0 if none is, 1 otherwise.
"""

import json
import pathlib
import sys

from exposition import Samples

# what countfs counts, and the agent's metric for the same
COUNTED_TWICE = {
    "requests": "fuse_request_pages_count",
    "bytes": "fuse_request_bytes_total",
    "pages": "fuse_request_pages_sum",
}


def compared(samples, calls, mountpoint, stats, requests, cause):
    """Yields what is compared, the agent's number and the right one."""
    for op in ("read", "write"):
        where = f"{mountpoint}, {op}"
        labels = {"mountpoint": mountpoint, "op": op}
        counted = stats["opcodes"].get(op, {})
        for what, metric in COUNTED_TWICE.items():
            yield f"{where}: {what}", samples.total(metric, **labels), counted.get(what, 0)
        yield f"{where}: calls", samples.total("fuse_io_requests_count", **labels), calls
        yield (f"{where}: requests of the calls", samples.total("fuse_io_requests_sum", **labels),
               calls * requests)
        splits = {found["cause"]: count
                  for found, count in samples.select("fuse_io_splits_total", **labels) if count}
        yield f"{where}: split calls by cause", splits, {} if cause == "-" else {cause: calls}


def arguments_of(words):
    """The mounts to compare: four words each."""
    for mountpoint, stats_file, requests, cause in zip(*[iter(words)] * 4):
        yield mountpoint, json.loads(pathlib.Path(stats_file).read_text()), int(requests), cause


def main(metrics_file, calls, *words):
    samples = Samples(pathlib.Path(metrics_file).read_text())
    facts = [fact for mount in arguments_of(words)
             for fact in compared(samples, int(calls), *mount)]
    wrong = [fact for fact in facts if fact[1] != fact[2]]
    for what, seen, right in wrong:
        print(f"wrong: {what}: the agent says {seen}, right is {right}")
    if not wrong:
        print(f"All {len(facts)} numbers compared are right.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what the agent saw, as a table with a row for each mount, operation and mode.

Usage: summary.py METRICS_FILE [MOUNTPOINT...]    (without mountpoints: all)
"""

import pathlib
import sys

from exposition import Samples

HEAD = ("MOUNT", "OP", "MODE", "CALLS", "REQUESTS/CALL", "PAGES/REQUEST", "CAUSE")
RIGHT_ALIGNED = {3, 4, 5}


def ratio(number, of):
    return f"{number / of:.2f}".rstrip("0").rstrip(".") if of else "-"


def causes(samples, **labels):
    """The causes of splits, most frequent first."""
    splits = samples.select("fuse_io_splits_total", **labels)
    counted = sorted(((count, found["cause"]) for found, count in splits if count), reverse=True)
    return ", ".join(cause for _, cause in counted) or "-"


def call_rows(samples, mountpoint):
    for labels, calls in samples.select("fuse_io_requests_count", mountpoint=mountpoint):
        if not calls:
            continue
        key = {name: labels[name] for name in ("mountpoint", "op", "mode")}
        pages = {"mountpoint": mountpoint, "op": labels["op"]}
        yield (mountpoint, labels["op"], labels["mode"], f"{calls:.0f}",
               ratio(samples.total("fuse_io_requests_sum", **key), calls),
               ratio(samples.total("fuse_request_pages_sum", **pages),
                     samples.total("fuse_request_pages_count", **pages)),
               causes(samples, **key))


def rows(samples, mountpoints):
    for mountpoint in mountpoints:
        yield from list(call_rows(samples, mountpoint)) or [(mountpoint, *"--0---")]


def print_table(table):
    widths = [max(map(len, column)) for column in zip(*table)]
    for row in table:
        cells = (cell.rjust(width) if i in RIGHT_ALIGNED else cell.ljust(width)
                 for i, (cell, width) in enumerate(zip(row, widths)))
        print("  ".join(cells).rstrip())


def main(metrics_file, *mountpoints):
    samples = Samples(pathlib.Path(metrics_file).read_text())
    known = (labels["mountpoint"] for labels, _ in samples.select("fuse_mount_info"))
    print_table([HEAD, *rows(samples, mountpoints or sorted(set(known)))])


if __name__ == "__main__":
    main(*sys.argv[1:])

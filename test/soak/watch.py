# SPDX-License-Identifier: Apache-2.0
"""What a process takes of its host, read from procfs."""

import os
import pathlib

TICKS = os.sysconf("SC_CLK_TCK")


def fields(path):
    return dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)


def kilobytes(text):
    return int(text.split()[0])


def look(pid):
    """Memory in KiB, descriptors, threads and seconds of CPU time of a process now."""
    process = pathlib.Path(f"/proc/{pid}")
    status = fields(process / "status")
    rollup = fields(process / "smaps_rollup")
    stat = (process / "stat").read_text().rpartition(") ")[2].split()
    return {"rss_kib": kilobytes(status["VmRSS"]), "pss_kib": kilobytes(rollup["Pss"]),
            "descriptors": len(os.listdir(process / "fd")), "threads": int(status["Threads"]),
            "cpu_seconds": (int(stat[11]) + int(stat[12])) / TICKS}

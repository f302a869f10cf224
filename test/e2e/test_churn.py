# SPDX-License-Identifier: Apache-2.0
"""Mounts come and go beside long mount tables, under as many scrapes as one address is allowed.
FUSESCOPE_CHURN_SCRAPES says how many; 10000 is what docs/reliability.md tells of."""

import itertools
import os
import statistics
import threading
import time

import pytest

from exposition import EACH_LABEL
from harness import Agent, Countfs, sgio, wait_for
from long_tables import long_tables

SCRAPES = int(os.environ.get("FUSESCOPE_CHURN_SCRAPES", "500"))
NAMESPACES, MOUNTS = 41, 4000
INTERVAL = 0.02  # of the scrapes, at least: kRequestsPerSecond of the agent is 100
PRIVATE = ("unshare", "--mount", "--propagation", "private")


class Churn(threading.Thread):
    """Mounts, reads, unmounts, of a few places over and over: each read is counted by place."""

    def __init__(self, directory, names, under=()):
        super().__init__()
        self.directory, self.names, self.under = directory, names, under
        self.requests = {}
        self.mounts = 0
        self.is_ending = False
        self.error = None

    def run(self):
        try:
            for name in itertools.cycle(self.names):
                if self.is_ending:
                    return
                self.once(name)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def once(self, name):
        directory = self.directory / name
        directory.mkdir(exist_ok=True)
        filesystem = Countfs(directory, under=self.under)
        inside = f"/proc/{filesystem.process.pid}/root{filesystem.label}/data"
        sgio(os.fsencode(inside), "--direct", "--calls", 5)
        requests = filesystem.counts("read")["requests"]
        self.requests[filesystem.label] = self.requests.get(filesystem.label, 0) + requests
        self.mounts += 1
        filesystem.stop()
        for file in directory.glob("stats-*"):
            file.unlink()

    def end(self):
        self.is_ending = True
        self.join()
        if self.error:
            raise self.error


@pytest.mark.slow
@pytest.mark.serial
def test_no_counter_goes_down_under_churn(tmp_path, agent_log):
    churns = [Churn(tmp_path, [f"{worker}-{i}" for i in range(6)], under=PRIVATE if worker == "c" else ())
              for worker in "abc"]
    with long_tables(NAMESPACES, MOUNTS):
        agent = Agent(log=agent_log)
        for churn in churns:
            churn.start()
        times = []
        try:
            for _ in range(SCRAPES):
                begin = time.monotonic()
                agent.scrape()  # checks it
                times.append(time.monotonic() - begin)
                time.sleep(max(0, INTERVAL - times[-1]))
        finally:
            for churn in churns:
                churn.end()
        told = report(agent, churns, times)
    assert agent.stop() == 0
    print(told)


def reads_told(agent):
    """By mountpoint, of those that are gone too: the last that was shown of each."""
    told = {}
    for (name, labels), value in agent.checker.highest.items():
        of = dict(EACH_LABEL.findall(labels))
        if name == "fuse_request_origin_total" and of["op"] == "read":
            told[of["mountpoint"]] = told.get(of["mountpoint"], 0) + value
    return told


def report(agent, churns, times):
    """No read is lost or told twice. It is of the place that it was sent to, or unknown: of a mount
    that came and went between two scrapes, or before the table of its namespace was read."""
    sent = {}
    for churn in churns:
        sent.update(churn.requests)
    told = {}

    def is_all_told():
        agent.scrape()
        told.update(reads_told(agent))
        return sum(told.get(place, 0) for place in [*sent, "unknown"]) == sum(sent.values())

    wait_for(is_all_told, "every read")
    assert {place: count for place, count in told.items() if count > sent.get(place, 0)}.keys() <= \
        {"unknown"}
    centiles = statistics.quantiles(times, n=100)
    return (f"{len(times)} scrapes, no counter went down; {sum(c.mounts for c in churns)} mounts, "
            f"{sum(sent.values())} reads, of these {told.get('unknown', 0):.0f} unknown; "
            f"scrape p50 {centiles[49] * 1000:.0f} ms, p99 {centiles[98] * 1000:.0f} ms, "
            f"max {max(times) * 1000:.0f} ms")

# SPDX-License-Identifier: Apache-2.0
"""Scrapes an agent at a steady rate, plain and compressed in turn, and checks each answer. A process
of its own: what the actors do must not delay it."""

import contextlib
import gzip
import http.client
import json
import multiprocessing
import re
import signal
import time

from exposition import Checker
from ledger import SHARED_LABELS, Told

TIMEOUT = 30  # seconds: three times what Prometheus waits by default
PAGE_EVERY = 10   # scrapes for one of /api/mounts
FRESH_EVERY = 50  # scrapes for one on a new connection
MOUNTPOINT = re.compile(r'mountpoint="((?:[^"\\]|\\.)*)"')
REASON = re.compile(r'reason="(\w+)"')


class Grown:
    """Counters by key, each in sum over all its beginnings: the agent says of a mount that has been
    gone for long, and comes back, that it begins anew."""

    def __init__(self):
        self.last, self.total = {}, {}

    def take(self, key, value):
        last = self.last.get(key, 0)
        self.total[key] = self.total.get(key, 0) + (value - last if value >= last else value)
        self.last[key] = value


class Reading:
    """What the scrapes of one agent have said."""

    def __init__(self, directory):
        self.directory = directory  # of the mounts that are ours
        self.checker = Checker()
        self.sent, self.aborted, self.lost = Grown(), Grown(), Grown()
        self.foreign = set()

    def take(self, text):
        """Series, mounts, and what is wrong with it."""
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        aborted = {}
        mounts = 0
        for line in lines:
            series, _, value = line.rpartition(" ")
            if series.startswith("fuse_requests_sent_total{"):
                self.sent.take(MOUNTPOINT.search(series)[1], int(value))
            elif series.startswith("fuse_request_errors_total{") and '"ECONNABORTED"' in series:
                label = MOUNTPOINT.search(series)[1]
                aborted[label] = aborted.get(label, 0) + int(value)
            elif series.startswith("fusescope_lost_events_total{"):
                self.lost.take(REASON.search(series)[1], int(value))
            elif series.startswith("fuse_mount_info{"):
                mounts += 1
                self.note_foreign(MOUNTPOINT.search(series)[1])
        for label, value in aborted.items():
            self.aborted.take(label, value)
        return len(lines), mounts, self.check(text)

    def check(self, text):
        """What is wrong, if anything."""
        try:
            self.checker.check(text)
        except AssertionError as error:
            return str(error)
        return ""

    def told(self):
        return Told(self.sent.total, self.aborted.total, self.lost.total, self.foreign)

    def note_foreign(self, label):
        if not label.startswith(self.directory) and label not in SHARED_LABELS:
            self.foreign.add(label)


class Client:
    """A connection that is kept, as Prometheus keeps its own, and is made anew where it has ended."""

    def __init__(self, port, tls):
        self.connection = http.client.HTTPSConnection("localhost", port, timeout=TIMEOUT,
                                                      context=tls)

    def get(self, path, headers):
        try:
            return self.ask(path, headers)
        except (http.client.RemoteDisconnected, ConnectionError):
            self.connection.close()
            return self.ask(path, headers)
        except Exception:
            self.connection.close()
            raise

    def ask(self, path, headers):
        self.connection.request("GET", path, headers=headers)
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise OSError(f"{path}: status {response.status}: {body[:200]!r}")
        if response.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        return body

    def get_once(self, path):
        with contextlib.closing(self.connection):
            return self.ask(path, {})

    def close(self):
        self.connection.close()


class Scraper:
    """`tell` takes a row for each request; it ends when `pipe` says so, with what was told."""

    def __init__(self, port, tls, rate, directory, pipe):
        self.client = Client(port, tls)
        self.interval = 1 / rate
        self.reading = Reading(directory)
        self.pipe = pipe
        self.number = 0

    def request(self, kind):
        headers = {"Accept-Encoding": "gzip"} if kind == "gzip" else {}
        row = {"kind": kind}
        begin = time.monotonic()
        try:
            body = self.client.get("/api/mounts" if kind == "page" else "/metrics", headers)
            row["seconds"] = time.monotonic() - begin
            if kind == "page":
                json.loads(body)
            else:
                row["bytes"] = len(body)
                row["series"], row["mounts"], row["wrong"] = self.reading.take(body.decode())
        except (OSError, http.client.HTTPException, ValueError) as error:
            row["failed"] = f"{type(error).__name__}: {error}"
        self.pipe.send(row)

    def step(self):
        if self.number % FRESH_EVERY == 0:
            self.client.close()
        self.request("gzip" if self.number % 2 else "plain")
        if self.number % PAGE_EVERY == 0:
            self.request("page")
        self.number += 1

    def run(self):
        """A scrape that takes longer than the interval delays those behind it: none is made up for."""
        due = time.monotonic()
        while not self.pipe.poll(max(0, due - time.monotonic())):
            self.step()
            due = max(due + self.interval, time.monotonic())
        self.pipe.recv()
        self.client.close()
        self.pipe.send(self.reading.told())


def scrape(port, tls, rate, directory, pipe):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the process that ends this one
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Scraper(port, tls, rate, directory, pipe).run()


class ScraperProcess:
    """rows(): those since the last time, to be taken in time; stop(): what was told in all."""

    def __init__(self, port, tls, rate, directory):
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=scrape, daemon=True,
                                               args=(port, tls, rate, directory, other))
        self.process.start()
        other.close()

    def rows(self):
        rows = []
        while self.pipe.poll():
            rows.append(self.pipe.recv())
        return rows

    def stop(self):
        """The last rows, and what was told."""
        self.pipe.send("stop")
        rows = []
        while not isinstance(last := self.pipe.recv(), Told):
            rows.append(last)
        self.process.join(TIMEOUT)
        return rows, last

    def kill(self):
        self.process.kill()
        self.process.join()

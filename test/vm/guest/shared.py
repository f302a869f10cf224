# SPDX-License-Identifier: Apache-2.0
"""The fixtures `agent` and `mount` for a guest, where starting a program takes long: one agent for
a hook mode, and one mount for all cases that mount alike. What they give back counts from the
beginning of the case."""

import http.client
import os
import pathlib
import re
import subprocess
import time
import types

import harness
from harness import Agent, Countfs, difference

WORK = pathlib.Path("/tmp/vm")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
COUNTERS = ("_total", "_sum", "_count", "_bucket")


class Scrape(harness.Scrape):
    """As harness.Scrape, but reads only the series asked for, and takes earlier counts off.

    Hooks on functions also see calls that sent no request; those are taken off the calls.
    """

    def __init__(self, text, earlier=None):
        self.text = text
        self.values = dict(line.rsplit(" ", 1) for line in text.splitlines()
                           if line and line[0] != "#")
        self.earlier = earlier.values if earlier else {}

    def value(self, series, name):
        value = float(self.values[series])
        if name.endswith(COUNTERS):
            value -= float(self.earlier.get(series, 0))
        return value

    def without_requests(self, series):
        bucket = series.replace("_count{", "_bucket{")[:-1] + ',le="0"}'
        return self.value(bucket, "_bucket") if bucket in self.values else 0

    def select(self, name, **labels):
        found = []
        for series in self.values:
            if series.split("{", 1)[0] == name:
                own = dict(LABEL.findall(series))
                if all(own.get(key) == value for key, value in labels.items()):
                    value = self.value(series, name)
                    if name == "fuse_io_requests_count":
                        value -= self.without_requests(series)
                    found.append(types.SimpleNamespace(name=name, labels=own, value=value))
        return found


class SharedAgent(Agent):
    def __init__(self, *args, log):
        super().__init__(*args, log=log)
        self.options = args
        self.earlier = None

    def scrape_all(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return Scrape(text)

    def scrape(self):
        return Scrape(self.scrape_all().text, self.earlier)


class SharedCountfs(Countfs):
    earlier = types.MappingProxyType({})

    def counts(self, op):
        now = super().counts(op)
        return difference(now, self.earlier[op]) if self.earlier else now

    def begin_case(self):
        self.earlier = {}
        self.earlier = {op: self.counts(op) for op in ("read", "write")}


class SharedMount:
    """The fixture `mount`: mounts anew when the options change. One with a name is its case's."""

    def __init__(self, agent, countfs_options=()):
        self.agent = agent
        self.always = countfs_options
        self.options = None
        self.filesystem = None
        self.mounts = 0
        self.named = []

    def __call__(self, *options, name=None, files=("data:64M",)):
        if name:
            self.named.append(self.start(*options, files=files))
            return self.named[-1]
        if self.filesystem and options == self.options:
            if "--hooks=tracepoint" in self.agent.options:
                time.sleep(harness.SEEN_AFTER)  # by then the calls of the case before are counted
            self.agent.earlier = self.agent.scrape_all()
            self.filesystem.begin_case()
        else:
            self.stop()
            self.agent.earlier = None
            self.filesystem = self.start(*options)
            self.options = options
        return self.filesystem

    def start(self, *options, **more):
        self.mounts += 1
        directory = WORK / f"{self.agent.port}-{self.mounts}"
        directory.mkdir(parents=True)
        return SharedCountfs(directory, *self.always, *options, **more)

    def end_case(self):
        """What was mounted by name ends with its case: the latest first, as it may use others."""
        while self.named:
            assert self.named.pop().stop() == 0, "countfs must end cleanly"

    def stop(self):
        if self.filesystem:
            filesystem, self.filesystem = self.filesystem, None
            assert filesystem.stop() == 0, "countfs must end cleanly"


class VirtiofsMount:
    """The fixture `mount` where the host serves the directory."""

    label = "/mnt/virtiofs"
    size = 64 << 20

    def __init__(self, agent):
        self.agent = agent
        self.is_mounted = False

    def start(self):
        os.makedirs(self.label, exist_ok=True)
        subprocess.run(["mount", "-t", "virtiofs", "shared", self.label], check=True)
        self.is_mounted = True
        with open(self.path(), "wb") as file:
            for _ in range(self.size >> 20):
                file.write(os.urandom(1 << 20))

    def __call__(self):
        if not self.is_mounted:
            self.start()
        self.agent.earlier = self.agent.scrape_all()
        return self

    def path(self):
        return f"{self.label}/data"

    def end_case(self):
        """Nothing is mounted for one case only."""

    def stop(self):
        if self.is_mounted:
            self.is_mounted = False
            subprocess.run(["umount", self.label], check=True)

# SPDX-License-Identifier: Apache-2.0
"""What the actors of a soak share: a directory, the agent, the ledger, and the time to stop."""

import contextlib
import json
import os
import pathlib
import random
import re
import subprocess
import threading

from harness import Countfs, end, wait_for
from ledger import EXACT, Ledger, received
from scraper import Client

PATIENCE = 20  # seconds that whatever was begun may take to end


def unescape(text):
    return re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), text)


def mounts_below(directory):
    """Mountpoints in this namespace, the latest first."""
    lines = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    found = [unescape(line.split()[4]) for line in lines]
    return [path for path in reversed(found) if path.startswith(f"{directory}/")]


def word(argument):
    """Of a command line."""
    return argument if isinstance(argument, (str, bytes, os.PathLike)) else str(argument)


class Server:
    """A counting filesystem whose requests go into the ledger when it ends."""

    def __init__(self, stage, name, *options, kind=EXACT, **kwargs):
        self.stage = stage
        self.kind = kind
        self.filesystem = Countfs(stage.directory, *options, mountpoint=stage.directory / name, **kwargs)
        self.process = self.filesystem.process
        self.label = self.filesystem.label
        self.connection = self.filesystem.stats()["connection"]
        stage.processes.append(self.process)

    def path(self):
        return self.filesystem.path()

    def waiting(self):
        """Requests that the kernel has for it; 0 when its connection is gone."""
        with contextlib.suppress(OSError):
            return int((self.stage.control / str(self.connection) / "waiting").read_text())
        return 0

    def be_quiet(self):
        wait_for(lambda: self.waiting() == 0, f"{self.label}: no request that waits", PATIENCE)

    def book(self, requests=None):
        """Its final report, or so many requests, into the ledger."""
        if requests is None:
            requests = received(json.loads(self.filesystem.stats_file.read_text()))
        self.stage.ledger.add(self.label, requests, self.kind)
        self.filesystem.stats_file.unlink(missing_ok=True)
        self.forget()

    def forget(self):
        self.process.stdout.close()
        self.stage.processes.remove(self.process)

    def close(self):
        """Ends it when nothing waits any more."""
        self.be_quiet()
        code = end(self.process, PATIENCE)
        assert code == 0, f"{self.label}: countfs ended with {code}"
        self.book()

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def detach(self):
        subprocess.run(["umount", "-l", self.label], check=True)


class Stage:
    def __init__(self, directory, agent, tls, control, seed):
        self.directory = directory
        self.agent = agent
        self.tls = tls  # a client's
        self.control = control  # a fusectl
        self.stopping = threading.Event()
        self.interrupted = False
        self.ledger = Ledger()
        self.processes = []
        self.random = random.Random(seed)

    def pause(self, seconds):
        """Shorter when it is time to stop."""
        self.stopping.wait(seconds)

    def is_named(self, label):
        """Whether the agent counts what the mount does by its name. Its page is asked: what a scrape
        tells of one that is gone, it tells once. A mount may be on it before it has sent anything."""
        page = json.loads(Client(self.agent.port, self.tls).get_once("/api/mounts"))
        return any(mount["mountpoint"] == label and mount["rates"]["all_requests_per_second"]
                   for mount in page["mounts"])

    def wait_until_named(self, label):
        wait_for(lambda: self.is_named(label) or self.pause(0.2), f"the name of {label}", PATIENCE)

    def start(self, command, **kwargs):
        """A process that ends with the stage, if it does not end before."""
        process = subprocess.Popen(list(map(word, command)), **kwargs)
        self.processes.append(process)
        return process

    def done(self, process):
        self.processes.remove(process)

    def clear(self):
        """Nothing is left, whatever has happened: neither a process nor a mount."""
        for process in list(self.processes):
            process.kill()
        for path in mounts_below(self.directory):
            subprocess.run(["umount", "-l", path], check=False, stderr=subprocess.DEVNULL)
        for process in list(self.processes):
            process.wait(PATIENCE)


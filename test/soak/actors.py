# SPDX-License-Identifier: Apache-2.0
"""Who mounts, does I/O, kills and unmounts: each a thread that does its act again and again."""

import os
import signal
import subprocess
import threading
import traceback

from harness import SGIO, end, sgio, wait_for
from ledger import ELSEWHERE, EXACT, KILLED, TAKEN_BACK, received
from stage import PATIENCE, Server
from waiting_io import WaitingIo

LIMITS = ((), ("--max-write", "128K", "--max-read", "128K"), ("--no-big-writes",),
          ("--max-pages", "1"), ("--writeback-cache",), ("--threads", "4"),
          ("--error-every", "7", "--error", "ENOSPC"))
WORKS = (("--direct", "--calls", 8), ("--direct", "--op", "write", "--calls", 8),
         ("--buffered", "--calls", 4), ("--buffered", "--op", "write", "--calls", 4),
         ("--direct", "--engine", "aio", "--calls", 8), ("--engine", "mmap", "--calls", 2),
         ("--direct", "--engine", "uring", "--calls", 8))
SMALL = ("--segments", 16, "--keep-going")
FILES = ("data:1M",)
LOAD = (SGIO, "--direct", "--engine", "plain")
NAMES_THAT_COME_BACK = 8  # of each churning actor
READERS = 8
LAZY_THREADS = 4


class Actor(threading.Thread):
    """act(stage, number) once more until the stage stops; what it raises ends the actor."""

    def __init__(self, stage, name, act):
        super().__init__(name=name, daemon=True)
        self.stage, self.act = stage, act
        self.done = 0
        self.error = None

    def run(self):
        try:
            while not self.stage.stopping.is_set():
                self.act(self.stage, self.done)
                self.done += 1
        except Exception as error:  # pylint: disable=broad-except
            self.error = f"{type(error).__name__}: {error}"
            if not self.stage.interrupted:
                traceback.print_exc()


def work(stage, path):
    sgio(path, *stage.random.choice(WORKS), *SMALL, check=False)


def churn(prefix):
    """Mount, I/O, unmount: each second time with a name that was there before."""
    def act(stage, number):
        name = f"{prefix}-{number}"
        if number % 2:
            name = f"{prefix}-again-{number // 2 % NAMES_THAT_COME_BACK}"
        server = Server(stage, name, *stage.random.choice(LIMITS), files=FILES)
        work(stage, server.path())
        stage.pause(stage.random.uniform(0.1, 0.6))
        server.close()
    return act


def churn_elsewhere(stage, number):
    """The same in a mount namespace of its own, which the agent finds by its walk."""
    spread = ("private", "slave")[number % 2]
    server = Server(stage, f"elsewhere-{number}", kind=ELSEWHERE, files=FILES,
                    under=("unshare", "--mount", "--propagation", spread))
    path = f"/proc/{server.process.pid}/root{os.fsdecode(server.path())}".encode()
    work(stage, path)
    stage.pause(2.5)  # the walk is made once a second
    work(stage, path)
    server.close()


class HungIo(WaitingIo):
    """Reads that wait for a daemon that was stopped; `received`: what it had before."""

    def hang(self):
        self.received = received(self.filesystem.stats())
        super().hang()


def kill_stopped(stage, number):
    """A daemon is killed while so many reads wait for it that it has not taken."""
    server = Server(stage, f"killed-{number}", files=FILES)
    work(stage, server.path())
    server.be_quiet()
    io = HungIo(server.filesystem, stage.control, READERS)
    stage.pause(stage.random.uniform(0, 1))
    server.kill()
    io.process.wait(PATIENCE)
    server.detach()
    server.book(io.received)
    stage.pause(0.5)


def kill_serving(stage, number):
    """A daemon is killed in the midst of its work, when the agent knows it: else nobody could tell
    what of "unknown" is its own."""
    server = Server(stage, f"serving-{number}", kind=KILLED, files=FILES)
    work(stage, server.path())
    load = stage.start([*LOAD, "--threads", READERS, "--duration", 60, "--pause-us", 1000,
                        "--keep-going", server.path()], stdout=subprocess.DEVNULL)
    stage.wait_until_named(server.label)
    requests = received(server.filesystem.stats())
    server.kill()
    end(load, PATIENCE)
    stage.done(load)
    server.detach()
    server.book(requests)
    stage.pause(1)


def stop_and_go_on(stage, number):
    """A daemon hangs for a while; each second time its readers are killed meanwhile, so that their
    requests are taken back."""
    kills = number % 2
    kind, options = (TAKEN_BACK, ("--no-async-dio",)) if kills else (EXACT, ())
    server = Server(stage, f"stopped-{number}", *options, kind=kind, files=FILES)
    io = WaitingIo(server.filesystem, stage.control, READERS)
    stage.pause(stage.random.uniform(0, 2))
    if kills:
        io.process.kill()
        stage.pause(0.2)
    server.process.send_signal(signal.SIGCONT)
    io.process.wait(PATIENCE)
    server.close()
    stage.pause(0.5)


def unmount_lazily(stage, number):
    """With files open, whose I/O goes on until they are closed: then the daemon ends by itself. What
    the agent did not know before it was unmounted would be "unknown"."""
    server = Server(stage, f"lazy-{number}", files=FILES)
    load = stage.start([*LOAD, "--threads", LAZY_THREADS, "--duration", 4, "--pause-us", 5000, server.path()],
                       stdout=subprocess.DEVNULL)
    wait_for(lambda: server.filesystem.counts("open")["requests"] >= LAZY_THREADS, "open files",
             PATIENCE)
    stage.wait_until_named(server.label)
    server.detach()
    assert load.wait(PATIENCE) == 0, "I/O on a mount that was lazily unmounted"
    stage.done(load)
    server.process.wait(PATIENCE)
    server.book()
    stage.pause(0.5)


def steady(name, *options):
    """I/O of many threads on one mount, as long as the soak lasts."""
    def act(stage, _):
        server = Server(stage, name, "--threads", "8", files=("data:64M",))
        while not stage.stopping.is_set():
            done = sgio(server.path(), *options, "--duration", 2)
            assert done["calls"], f"no I/O on {name}"
        server.close()
    return act


def mount_actors(threads, churners):
    half = max(1, threads // 2)
    each = ("--threads", half, "--segments", 1, "--pause-us", 20_000, "--random", 1)
    acts = {f"churn-{number}": churn(f"churn-{number}") for number in range(churners)}
    acts |= {"churn elsewhere": churn_elsewhere, "kill a stopped daemon": kill_stopped,
             "kill a serving daemon": kill_serving, "stop a daemon": stop_and_go_on,
             "unmount lazily": unmount_lazily,
             "read": steady("steady-reads", "--direct", *each),
             "write": steady("steady-writes", "--buffered", "--op", "write", *each)}
    return acts


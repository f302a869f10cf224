# SPDX-License-Identifier: Apache-2.0
"""However a request ends, it leaves the requests in flight exactly once: what was sent has ended, or
is counted as lost, and nothing stays behind."""

import dataclasses
import mmap
import os
import pathlib
import signal
import subprocess
import time

import pytest

import accounts
from harness import SGIO, account, end, lost_requests, sgio, wait_for
from waiting_io import connections

THREADS = 4
LOAD = ("--direct", "--engine", "plain", "--threads", THREADS, "--duration", 300, "--keep-going")
CLOCK_NANOSLEEP = "230"  # of x86-64, as /proc/TID/syscall has it
MANY = 10_000
MANY_LOAD = ("--direct", "--engine", "aio", "--segments", 1, "--threads", 3, "--queue-depth", 4096,
             "--same", "--duration", 300, "--keep-going")


class Scene:
    """A filesystem, a load on it, and what the agent says."""

    def __init__(self, agent, filesystem):
        self.agent = agent
        self.filesystem = filesystem
        self.lost_before = lost_requests(agent.scrape())
        self.load = None
        self.reads_before = 0

    def start_load(self, *options):
        self.load = subprocess.Popen([SGIO, *map(str, options), self.filesystem.path()],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: self.total()["ended"] > 20, "I/O")

    def pause(self):
        """Stops all threads of the daemon; what is sent from now on stays in flight."""
        process = self.filesystem.process
        process.send_signal(signal.SIGSTOP)
        states = list(pathlib.Path(f"/proc/{process.pid}/task").glob("*/stat"))
        wait_for(lambda: all(stat.read_text().rpartition(") ")[2][0] == "T" for stat in states),
                 "a stopped daemon")
        self.reads_before = self.ended_reads()

    def resume(self):
        self.filesystem.process.send_signal(signal.SIGCONT)

    def total(self):
        return account(self.agent.scrape(), self.filesystem.label)

    def ended_reads(self):
        return self.agent.scrape().maybe("fuse_request_duration_seconds_count", op="read",
                                         mountpoint=self.filesystem.label)

    def age(self):
        return self.agent.scrape().total("fuse_oldest_request_age_seconds",
                                         mountpoint=self.filesystem.label)

    def wait_in_flight(self, count):
        wait_for(lambda: self.total()["in_flight"] == count, f"{count} requests in flight")

    def lost(self, scrape):
        now = lost_requests(scrape)
        return {reason: now[reason] - self.lost_before[reason] for reason in now}

    def is_settled(self):
        scrape = self.agent.scrape()
        total = account(scrape, self.filesystem.label)
        lost = sum(self.lost(scrape).values())
        return total["in_flight"] == 0 and total["sent"] == total["ended"] + lost and (total, lost)

    def settle(self, name):
        """Nothing is left; what became of the requests is noted for the table."""
        total, lost = wait_for(self.is_settled, "sent = ended + lost, nothing in flight")
        accounts.note(name, total, lost)

    def clear(self, ends_filesystem):
        """Whatever has happened, nothing of this scene hangs afterwards."""
        process = self.filesystem.process
        if self.load and self.load.poll() is None:
            self.load.kill()
        if process.poll() is None:
            self.resume()
        if ends_filesystem:
            self.leave()

    def leave(self):
        """The filesystem does not come to its ordinary end."""
        process = self.filesystem.process
        if process.poll() is None:
            process.kill()
        process.wait(20)
        subprocess.run(["umount", "-l", self.filesystem.mountpoint], check=False,
                       stderr=subprocess.DEVNULL)
        self.filesystem.stop = lambda: 0


def stop_and_go_on(scene):
    scene.start_load(*LOAD)
    scene.pause()
    scene.wait_in_flight(THREADS)
    began, first = time.monotonic(), scene.age()
    time.sleep(0.5)
    grown, elapsed = scene.age() - first, time.monotonic() - began
    assert 0.5 <= grown <= elapsed
    scene.resume()
    end(scene.load)


def kill_the_daemon(scene):
    scene.start_load(*LOAD)
    scene.pause()
    scene.wait_in_flight(THREADS)
    scene.filesystem.process.kill()
    scene.filesystem.process.wait(20)
    end(scene.load)
    check_aborted(scene)


def check_aborted(scene):
    """All reads that ended since the daemon stopped: a thread may have sent one more when its first
    one was ended, before the connection was (fuse_dev_release(), fs/fuse/dev.c)."""
    scene.wait_in_flight(0)
    aborted = scene.agent.scrape().total("fuse_request_errors_total", op="read",
                                         error="ECONNABORTED", mountpoint=scene.filesystem.label)
    assert THREADS <= aborted == scene.ended_reads() - scene.reads_before


def abort_the_connection(scene):
    number = os.minor(os.stat(scene.filesystem.mountpoint).st_dev)
    scene.start_load(*LOAD)
    scene.pause()
    scene.wait_in_flight(THREADS)
    with connections() as directory:
        (directory / str(number) / "abort").write_text("1")
    end(scene.load)
    check_aborted(scene)


def unmount_by_force(scene):
    scene.start_load(*LOAD)
    scene.pause()
    scene.wait_in_flight(THREADS)
    # Busy, so that it stays mounted; but its connection is aborted.
    subprocess.run(["umount", "-f", scene.filesystem.mountpoint], check=False,
                   stderr=subprocess.DEVNULL)
    end(scene.load)
    check_aborted(scene)


def signal_the_reader(scene):
    """Requests that a thread waits for, and that the daemon has not taken, are taken back: no end."""
    scene.start_load(*LOAD)
    scene.pause()
    scene.wait_in_flight(THREADS)
    scene.load.kill()
    wait_for(lambda: scene.total()["in_flight"] <= 1, "requests that were taken back")
    lost = scene.lost(scene.agent.scrape())
    assert lost["killed"] + lost["never_ended"] >= THREADS - 1
    scene.resume()
    scene.load.wait(20)


def many_in_flight(scene):
    scene.start_load(*MANY_LOAD)
    scene.pause()
    wait_for(lambda: scene.total()["in_flight"] >= MANY, f"{MANY} requests in flight")
    scrape = scene.agent.scrape()
    assert scrape.total("fuse_background_requests", mountpoint=scene.filesystem.label) >= MANY
    scene.resume()
    end(scene.load, 60)


def sixty_four_daemon_threads(scene):
    sgio(scene.filesystem.path(), "--direct", "--threads", 64, "--calls", 8, "--same-region")


@dataclasses.dataclass(frozen=True)
class Ending:
    name: str
    act: object
    fs: tuple = ()
    ends_filesystem: bool = False

    def __str__(self):
        return self.name


ENDINGS = [
    Ending("stop", stop_and_go_on),
    Ending("kill-9", kill_the_daemon, ends_filesystem=True),
    Ending("abort", abort_the_connection, ends_filesystem=True),
    Ending("umount-f", unmount_by_force, ends_filesystem=True),
    # Direct requests of an asynchronous kind are not taken back when their thread is killed.
    Ending("signal", signal_the_reader, ("--threads", "1", "--no-async-dio")),
    # Attributes that expire would make io_submit(2) wait for a GETATTR that nobody answers.
    Ending("10000-in-flight", many_in_flight, ("--max-background", "65535",
                                               "--attr-timeout", "600")),
    Ending("64-threads", sixty_four_daemon_threads, ("--threads", "64")),
]


@pytest.mark.serial
@pytest.mark.parametrize("ending", ENDINGS, ids=str)
def test_every_request_leaves(agent, mount, ending):
    scene = Scene(agent, mount(*ending.fs, name="victim"))
    try:
        ending.act(scene)
        scene.settle(ending.name)
    finally:
        scene.clear(ending.ends_filesystem)


@pytest.mark.serial
def test_lazily_unmounted(agent, mount):
    """It is shown as long as its connection lives, and once more when that is gone."""
    scene = Scene(agent, mount(name="victim"))
    label = {"mountpoint": scene.filesystem.label}
    scene.start_load(*LOAD)
    scene.pause()
    scene.wait_in_flight(THREADS)
    subprocess.run(["umount", "-l", scene.filesystem.mountpoint], check=True)
    scene.wait_in_flight(THREADS)
    first = scene.age()
    time.sleep(0.5)
    assert scene.age() - first >= 0.5
    scene.resume()
    end(scene.load)
    scene.filesystem.process.wait(20)
    scene.filesystem.stop = lambda: 0
    scrapes = []

    def is_gone():
        scrapes.append(agent.scrape())
        return not scrapes[-1].select("fuse_requests_in_flight", **label)

    wait_for(is_gone, "the end of its series")
    last = scrapes[-2]
    total, lost = account(last, scene.filesystem.label), sum(scene.lost(last).values())
    assert total["in_flight"] == 0 and total["sent"] == total["ended"] + lost
    accounts.note("umount-l", total, lost)


def test_errors_by_operation_and_errno(agent, mount):
    filesystem = mount("--error-every", "4", "--error", "ENOSPC", name="errors")
    sgio(filesystem.path(), "--direct", "--engine", "plain", "--calls", 40, "--keep-going")
    labels = {"mountpoint": filesystem.label, "op": "read"}
    scrape = agent.scrape()
    assert {s.labels["error"]: s.value
            for s in scrape.select("fuse_request_errors_total", **labels)} == {"ENOSPC": 10}
    assert scrape.total("fuse_interrupts_total", mountpoint=filesystem.label) == 0


def read_when_told(path, told):
    """A process of one thread that has the file open, and reads from it when it is told."""
    child = os.fork()
    if child == 0:
        file = os.open(path, os.O_RDONLY | os.O_DIRECT)
        os.read(told, 1)
        os.preadv(file, [mmap.mmap(-1, 4096)], 0)
        os._exit(0)
    return child


@pytest.mark.serial
def test_a_killed_thread_that_waits_for_another_request(agent, mount):
    """Its READ is taken back; then it closes its file, and waits for the FLUSH: one in flight."""
    scene = Scene(agent, mount("--no-async-dio", name="victim"))
    read_end, write_end = os.pipe()
    reader = read_when_told(scene.filesystem.path(), read_end)
    wait_for(lambda: "open" in scene.filesystem.stats()["opcodes"], "an open file")
    scene.pause()
    try:
        os.write(write_end, b"x")
        scene.wait_in_flight(1)
        time.sleep(0.2)  # until it is the READ that waits
        os.kill(reader, signal.SIGKILL)
        wait_for(lambda: sum(scene.lost(agent.scrape()).values()) == 1, "a READ that is taken back")
        scene.wait_in_flight(1)
    finally:
        scene.resume()
        os.kill(reader, signal.SIGKILL)
        os.waitpid(reader, 0)
        os.close(read_end)
        os.close(write_end)
    scene.wait_in_flight(0)


def sleeps_before_its_reply(process):
    """Whether a thread of the daemon has taken a request and delays the reply."""
    calls = pathlib.Path(f"/proc/{process.pid}/task").glob("*/syscall")
    return any(call.read_text().split()[0] == CLOCK_NANOSLEEP for call in calls)


def test_an_interrupted_request_is_counted(agent, mount):
    """The signal must come between the daemon's taking of the READ and its reply."""
    scene = Scene(agent, mount("--threads", "1", "--reply-delay-ms", "5000", name="slow"))
    scene.load = subprocess.Popen([SGIO, "--direct", "--engine", "plain", scene.filesystem.path()],
                                  stdout=subprocess.DEVNULL)
    wait_for(lambda: sleeps_before_its_reply(scene.filesystem.process), "a READ that is taken")
    end(scene.load)
    wait_for(lambda: agent.scrape().total("fuse_interrupts_total",
                                          mountpoint=scene.filesystem.label) == 1, "an interrupt")

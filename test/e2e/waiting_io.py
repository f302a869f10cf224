# SPDX-License-Identifier: Apache-2.0
"""I/O that waits for a daemon which does not answer: the process that does it, and what the kernel
says of it."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

from harness import wait_for

# Opens its files first, since nobody would answer that later, and does its I/O when it is told to.
PROGRAM = """
import contextlib, mmap, os, sys, threading
path, readers, writers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
files = [os.open(path, os.O_RDWR | os.O_DIRECT) for _ in range(readers + writers)]
def io(index):
    page = mmap.mmap(-1, 4096)
    with contextlib.suppress(OSError):  # the daemon may be killed
        (os.preadv if index < readers else os.pwritev)(files[index], [page], index * 4096)
print("open", flush=True)
sys.stdin.readline()
threads = [threading.Thread(target=io, args=(i,)) for i in range(len(files))]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


@contextlib.contextmanager
def connections():
    """A mounted fusectl."""
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["mount", "-t", "fusectl", "none", directory], check=True)
        try:
            yield pathlib.Path(directory)
        finally:
            subprocess.run(["umount", directory], check=True)


def connection_of(mountpoint):
    """The name of its directory there. No path of the filesystem is looked up."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        if re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), fields[4]) == mountpoint:
            return fields[2].split(":")[1]
    raise AssertionError(f"{mountpoint} is not mounted")


def is_stopped(process):
    states = pathlib.Path(f"/proc/{process.pid}/task").glob("*/stat")
    return all(stat.read_text().rpartition(") ")[2][0] == "T" for stat in states)


class WaitingIo:
    """A filesystem whose daemon is stopped, with so many reads and writes of one page waiting. Of
    several writes to one file all but the first would wait for a lock, and not for a reply."""

    def __init__(self, filesystem, control, readers, writers=0):
        self.filesystem = filesystem
        self.count = readers + writers
        self.file = control / connection_of(filesystem.label) / "waiting"
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, os.fsdecode(filesystem.path()), str(readers),
             str(writers)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"open\n"
        wait_for(lambda: self.waiting() == 0, "all of before done")
        try:
            self.hang()
        except AssertionError:
            self.clear()
            raise

    def hang(self):
        self.filesystem.process.send_signal(signal.SIGSTOP)
        wait_for(lambda: is_stopped(self.filesystem.process), "a stopped daemon")
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        wait_for(lambda: self.waiting() == self.count, f"{self.count} requests that wait")

    def waiting(self):
        return int(self.file.read_text())

    def go_on(self):
        self.filesystem.process.send_signal(signal.SIGCONT)
        assert self.process.wait(20) == 0

    def clear(self):
        """Nothing hangs afterwards, whatever has happened."""
        if self.process.poll() is None:
            self.process.kill()
        self.filesystem.process.send_signal(signal.SIGCONT)
        self.process.wait(20)

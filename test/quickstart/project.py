# SPDX-License-Identifier: Apache-2.0
"""Runs the project's commands as a person does, in a terminal; any program that they start can be
replaced by one that stays where it is to be interrupted."""

import contextlib
import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import termios
import time
import uuid

from harness import AGENT, BUILD, COUNTFS, ROOT, SGIO, wait_for

MARK = "FUSESCOPE_TEST_MARK"  # in the environment of all that a test starts
TIMEOUT = 60
ANY_PORT = ("--listen", "127.0.0.1:0")


def survivors(mark):
    """The command lines of processes that a run has left."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{MARK}={mark}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" "))
    return found


class Terminal:
    """A command in a terminal of its own; what it has written is its text."""

    def __init__(self, command, environment):
        self.mark = str(uuid.uuid4())
        self.text = ""
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={**environment, MARK: self.mark},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)

    def read(self, patience=0.05):
        """Takes what has come; False at the end."""
        if self.master is None:
            time.sleep(patience)
            return True
        if not select.select([self.master], [], [], patience)[0]:
            return True
        try:
            self.text += os.read(self.master, 65536).decode(errors="replace")
        except OSError:  # nobody has the other end any more
            return False
        return True

    def wait_for(self, condition):
        deadline = time.monotonic() + TIMEOUT
        while not condition():
            assert self.read() or condition(), f"ended before its time:\n{self.text}"
            assert time.monotonic() < deadline, f"not within {TIMEOUT} s:\n{self.text}"

    def wait_for_text(self, text):
        self.wait_for(lambda: text in self.text)

    def read_for(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.read():
            pass

    def press_ctrl_c(self):
        os.write(self.master, b"\x03")

    def hang_up(self):
        os.close(self.master)
        self.master = None

    def end(self):
        """Its exit code, once it has ended and all that it has written was read."""
        deadline = time.monotonic() + TIMEOUT
        while self.process.poll() is None and time.monotonic() < deadline:
            self.read_for(0.1)
        self.read_for(0.2)
        return self.process.wait(0)

    def kill(self):
        """All that is left of a test that failed."""
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if self.mark.encode() in (process / "environ").read_bytes():
                    os.kill(int(process.name), signal.SIGKILL)
        self.process.wait(TIMEOUT)
        if self.master is not None:
            os.close(self.master)


class Project:
    """A copy of the scripts beside the programs that were built, with an apt and a cmake that find
    all done."""

    def __init__(self):
        # Not below pytest's directory, which other users may not enter.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="fusescope-test.", dir="/var/tmp"))
        self.directory.chmod(0o755)
        self.stage = self.directory / "stage"  # a replaced program says there that it runs
        self.work = self.directory / "tmp"
        self.work.mkdir()
        for name in ("deploy", "test"):
            shutil.copytree(ROOT / name, self.directory / name,
                            ignore=shutil.ignore_patterns("__pycache__"))
        for program in (AGENT, COUNTFS, SGIO):
            link = self.directory / "build/release" / program.relative_to(BUILD)
            link.parent.mkdir(parents=True)
            link.symlink_to(program)
        self.replace("bin/cmake", "exit 0")
        self.replace("bin/dpkg-query", "printf installed")
        self.terminals = []

    def replace(self, name, script):
        path = self.directory / name
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def environment(self):
        return {"PATH": f"{self.directory}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
                "TERM": "dumb", "TMPDIR": str(self.work), "STAGE": str(self.stage)}

    def quickstart(self, *options, under=()):
        self.terminals.append(Terminal([*under, self.directory / "deploy/quickstart.sh", *options],
                                       self.environment()))
        return self.terminals[-1]

    def is_at_stage(self):
        return self.stage.exists()

    def mounts(self):
        table = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
        return [line for line in table.splitlines() if f" {self.directory}/" in line]

    def remove(self):
        for terminal in self.terminals:
            terminal.kill()
        for line in self.mounts():
            subprocess.run(["umount", "-l", line.split()[4]], check=False)
        shutil.rmtree(self.directory)


def with_only(mountpoint):
    """The words before a command that make it see no other FUSE mount of the host."""
    table = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    mounts = [line.split()[4] for line in table.splitlines()
              if re.search(r" - (fuse|fuseblk|virtiofs)(\.\S+)? ", line)]
    others = [re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), mount) for mount in mounts]
    others.remove(mountpoint)
    return ["unshare", "--mount", "--propagation", "private", "bash", "-euc",
            'for mount in "${@:2:$1}"; do umount --lazy --no-canonicalize "$mount" || :; done;'
            ' exec "${@:$1+2}"', "bash", str(len(others)), *others]


def check_that_nothing_is_left(project, terminal, signal_number):
    """After an interruption: no process, mount or file, and one line that tells of it."""
    code = terminal.end()
    wait_for(lambda: not survivors(terminal.mark), f"survivors: {survivors(terminal.mark)}", 5)
    assert project.mounts() == []
    assert list(project.work.iterdir()) == []
    if signal_number != signal.SIGHUP:  # nobody reads what comes after it
        name = signal.Signals(signal_number).name
        assert terminal.text.count(f"quickstart.sh: interrupted by {name}") == 1, terminal.text
    assert "Traceback" not in terminal.text
    assert not re.search(r"line \d+:", terminal.text), terminal.text
    assert code == 128 + signal_number, terminal.text

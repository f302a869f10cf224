# SPDX-License-Identifier: Apache-2.0
"""One guest: boots a row in QEMU and hands on what it says until it switches itself off."""

import contextlib
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading

import fetch
import initramfs
from matrix import Refusal

QEMU = ("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max,-cx16", "-m", "1024",
        "-smp", "2", "-display", "none", "-monitor", "none", "-no-reboot")
COMMAND_LINE = "console=ttyS0 quiet panic=-1"
END = re.compile(r"GUEST-EXIT-CODE (\d+)")
VIRTIOFSD = "/usr/lib/qemu/virtiofsd"
VIRTIOFS_TAG = "shared"


class Died(Exception):
    """QEMU or the guest's kernel ended, or took too long, before the guest gave an exit code."""


class Virtiofs:
    """A folder of this host, served to the guest."""

    def __init__(self, work):
        self.socket = work / "virtiofs.socket"
        folder = work / "virtiofs"
        folder.mkdir()
        with open(work / "virtiofsd.log", "wb") as log:
            self.daemon = subprocess.Popen(
                [VIRTIOFSD, f"--socket-path={self.socket}", "-o", f"source={folder}",
                 "-o", "sandbox=chroot"], stdout=log, stderr=log)

    def qemu_options(self):
        return ("-object", "memory-backend-memfd,id=mem,size=1024M,share=on",
                "-numa", "node,memdev=mem", "-chardev", f"socket,id=c0,path={self.socket}",
                "-device", f"vhost-user-fs-pci,chardev=c0,tag={VIRTIOFS_TAG}")

    def stop(self):
        self.daemon.terminate()
        self.daemon.wait()


class Guest:
    """A row's machine; use it in a `with`."""

    def __init__(self, row, base, job, interactive=False):
        self.row = row
        self.interactive = interactive
        self.work = pathlib.Path(tempfile.mkdtemp(prefix=f"fusescope-vm-{row.name}."))
        self.kernel = fetch.kernel_folder(row.kernel)
        modules = [self.kernel / f"{name}.ko" for name in row.kernel.modules]
        (self.work / "initrd").write_bytes(base + initramfs.of_row(modules, job))
        self.virtiofs = Virtiofs(self.work) if row.virtiofs else None
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.virtiofs:
            self.virtiofs.stop()
        shutil.rmtree(self.work)

    def command(self):
        words = [COMMAND_LINE, self.row.command_line, "fusescope.shell" * self.interactive]
        serial = "stdio" if self.interactive else f"file:{self.work / 'console'}"
        second = f"file:{self.work / 'second'}" if self.interactive else "stdio"
        return ["nice", "-n", "10", *QEMU, "-kernel", self.kernel / "vmlinuz",
                "-initrd", self.work / "initrd", "-append", " ".join(filter(None, words)),
                "-serial", serial, "-serial", second,
                *(self.virtiofs.qemu_options() if self.virtiofs else ())]

    def lines(self, limit):
        """What the guest prints, line by line; its exit code is then in `code`. Takes at most
        `limit` seconds."""
        self.code = None
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, text=True,
                                        errors="replace", stdout=subprocess.PIPE,
                                        stderr=open(self.work / "qemu.log", "wb"))
        watch = threading.Timer(limit, self.process.kill)
        watch.start()
        with contextlib.ExitStack() as end:
            end.callback(watch.cancel)
            for line in self.process.stdout:
                ended = END.match(line)
                if ended:
                    self.code = int(ended[1])
                else:
                    yield line.rstrip("\r\n")
        self.process.wait()
        if self.code is None:
            raise Died(f"{self.row.name}: no exit code within {limit} s; {self.last_words()}")

    def last_words(self):
        said = [line for name in ("qemu.log", "console")
                for line in (self.work / name).read_text(errors="replace").splitlines() if line]
        return " / ".join(said[-3:]) or "it said nothing"

    def shell(self):
        """The guest's console on this terminal, until the shell ends."""
        return subprocess.run(self.command(), check=False).returncode

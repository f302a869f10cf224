# SPDX-License-Identifier: Apache-2.0
"""One guest: boots a row in QEMU and hands on what it says until it switches itself off."""

import asyncio
import contextlib
import os
import pathlib
import re
import shutil
import sys
import tempfile

import fetch
import initramfs
from matrix import Refusal

MEMORY = "1024M"
QEMU = ("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max,-cx16", "-m", MEMORY,
        "-smp", "2", "-display", "none", "-monitor", "none", "-no-reboot")
# no_timer_check: a host that is busy may give the timer too few ticks, at which the kernel panics
COMMAND_LINE = "console=ttyS0 quiet panic=-1 no_timer_check"
END = re.compile(r"(.*)GUEST-EXIT-CODE (\d+)")  # on a line of its own, if the job ended its last
VIRTIOFSD = "/usr/lib/qemu/virtiofsd"
VIRTIOFS_TAG = "shared"
LONGEST_LINE = 1 << 20


class Failed(Exception):
    """The guest gave no exit code."""


class Died(Failed):
    """QEMU itself ended, or the kernel before its job began: to be tried again."""


@contextlib.asynccontextmanager
async def running(*command, log, **options):
    """A program that is ended with the block."""
    with open(log, "wb") as output:
        options = {"stdin": asyncio.subprocess.DEVNULL, "stdout": output} | options
        process = await asyncio.create_subprocess_exec(*map(str, command), stderr=output,
                                                       limit=LONGEST_LINE, **options)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def virtiofs(work):
    """Serves a directory of this host; gives QEMU's options for it."""
    if os.geteuid() != 0:
        raise Refusal("virtiofsd needs root: run this as root")
    socket = work / "virtiofs.socket"
    (work / "virtiofs").mkdir()
    async with running(VIRTIOFSD, f"--socket-path={socket}", "-o", f"source={work / 'virtiofs'}",
                       "-o", "sandbox=chroot", log=work / "virtiofsd.log"):
        yield ("-object", f"memory-backend-memfd,id=mem,size={MEMORY},share=on",
               "-numa", "node,memdev=mem", "-chardev", f"socket,id=c0,path={socket}",
               "-device", f"vhost-user-fs-pci,chardev=c0,tag={VIRTIOFS_TAG}")


class Guest:
    """A row's machine. Its first serial line is the console, the second what its job prints."""

    def __init__(self, row, base, job):
        self.row = row
        self.kernel = fetch.kernel_directory(row.kernel)
        modules = [self.kernel / f"{name}.ko" for name in row.kernel.modules]
        self.initrd = base + initramfs.of_row(modules, job)
        self.work = None
        self.code = None  # how the job ended

    @contextlib.asynccontextmanager
    async def boot(self, *serial_lines, more="", **options):
        """QEMU's process."""
        async with contextlib.AsyncExitStack() as stack:
            self.work = pathlib.Path(tempfile.mkdtemp(prefix=f"fusescope-vm-{self.row.name}."))
            stack.callback(shutil.rmtree, self.work)
            (self.work / "initrd").write_bytes(self.initrd)
            devices = (await stack.enter_async_context(virtiofs(self.work))
                       if self.row.virtiofs else ())
            command_line = " ".join(filter(None, (COMMAND_LINE, self.row.command_line, more)))
            yield await stack.enter_async_context(running(
                "nice", "-n", "10", *QEMU, "-kernel", self.kernel / "vmlinuz",
                "-initrd", self.work / "initrd", "-append", command_line,
                *(word.format(work=self.work) for line in serial_lines
                  for word in ("-serial", line)),
                *devices, log=self.work / "qemu", **options))

    async def lines(self, limit):
        """What the job prints, line by line, for at most so many seconds."""
        async with self.boot("file:{work}/console", "stdio",
                             stdout=asyncio.subprocess.PIPE) as qemu:
            has_begun = False
            try:
                async with asyncio.timeout(limit):
                    async for raw in qemu.stdout:
                        has_begun = True
                        line = raw.decode(errors="replace").rstrip("\r\n")
                        ended = END.match(line)
                        if ended:
                            self.code = int(ended[2])
                            line = ended[1]
                        if line or not ended:
                            yield line
            except TimeoutError:
                raise Failed(f"not done within {limit} s; {self.last_words()}") from None
            if self.code is None:
                panicked = has_begun and "Kernel panic" in self.console()
                raise (Failed if panicked else Died)(f"it ended early; {self.last_words()}")

    def console(self):
        with contextlib.suppress(OSError):
            return (self.work / "console").read_text(errors="replace")
        return ""

    def last_words(self):
        said = (self.work / "qemu").read_text(errors="replace") + self.console()
        return " / ".join(said.split("\n")[-4:]).strip(" /") or "it said nothing"

    async def shell(self):
        """The guest's console on this terminal, until its shell ends."""
        async with self.boot("stdio", "file:{work}/job", more="fusescope.shell",
                             stdin=sys.stdin, stdout=sys.stdout) as qemu:
            return await qemu.wait()

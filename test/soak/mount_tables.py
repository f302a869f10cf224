#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Mount namespaces with long tables, and nothing of the host in them: each has a root of its own with
that many mounts. Prints "ready" when all are there; they go with this process, or with its parent.

  mount_tables.py DIRECTORY MOUNTS NAMESPACES
"""

import contextlib
import ctypes
import os
import pathlib
import signal
import subprocess
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS = 0x20000
MS_BIND, MS_REC, MS_SLAVE, MNT_DETACH, PR_SET_PDEATHSIG = 0x1000, 0x4000, 0x80000, 2, 1
SYS_PIVOT_ROOT = 155 if os.uname().machine == "x86_64" else 41


def call(function, *args):
    if function(*(os.fsencode(arg) if isinstance(arg, (str, os.PathLike)) else arg
                  for arg in args)) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{function.__name__} {args}: {os.strerror(error)}")


def mount(source, target, kind, flags):
    call(LIBC.mount, source, target, kind, ctypes.c_ulong(flags), None)


def own_namespace():
    """What is mounted from now on is seen by this process and its children alone; what is unmounted
    outside is so here, too."""
    call(LIBC.unshare, CLONE_NEWNS)
    mount("none", "/", None, MS_REC | MS_SLAVE)


def fill(directory, mounts):
    """That many mounts in the directory: a tmpfs, and all others a directory of it."""
    mount("tmpfs", directory, "tmpfs", 0)
    source = pathlib.Path(directory, "source")
    source.mkdir()
    for number in range(mounts - 1):
        target = pathlib.Path(directory, f"volume-{number:06}")
        target.mkdir()
        mount(source, target, None, MS_BIND)


def leave_host(directory):
    """The directory becomes the root; the host's mounts are let go, so that none is kept from ending."""
    old = pathlib.Path(directory, "old")
    old.mkdir()
    os.chdir(directory)
    if LIBC.syscall(SYS_PIVOT_ROOT, b".", b"old") != 0:
        raise OSError(ctypes.get_errno(), "pivot_root")
    call(LIBC.umount2, "/old", MNT_DETACH)


def die_with_parent():
    call(LIBC.prctl, PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def hold_copy(told):
    """A process with a copy of the table."""
    if os.fork() == 0:
        die_with_parent()
        call(LIBC.unshare, CLONE_NEWNS)
        os.write(told, b"x")
        while True:
            signal.pause()


@contextlib.contextmanager
def table_holder(directory, mounts, namespaces):
    """All of it, held by a process."""
    directory.mkdir()
    if not namespaces:
        yield
        return
    holder = subprocess.Popen([sys.executable, __file__, directory, str(mounts), str(namespaces)],
                              stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"ready\n", "no long mount tables"
        yield
    finally:
        holder.kill()
        holder.wait()


def main():
    directory, mounts, namespaces = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_DFL)
    die_with_parent()
    own_namespace()
    fill(directory, mounts)
    leave_host(directory)
    made, told = os.pipe()
    for _ in range(namespaces - 1):  # this process holds the first
        hold_copy(told)
        assert os.read(made, 1) == b"x"
    print("ready", flush=True)
    signal.pause()


if __name__ == "__main__":
    main()

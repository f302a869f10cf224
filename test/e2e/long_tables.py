# SPDX-License-Identifier: Apache-2.0
"""Mount namespaces with long mount tables: long_tables.py NAMESPACES MOUNTS. Prints "ready" once they
are there; they are gone when its standard input ends. Needs root."""

import contextlib
import ctypes
import os
import pathlib
import subprocess
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
NEW_NAMESPACE, BIND, PRIVATE, RECURSIVE = 0x20000, 4096, 1 << 18, 16384


def mount(source, target, kind, flags):
    if LIBC.mount(source, os.fsencode(target), kind, flags, None) != 0:
        raise OSError(ctypes.get_errno(), f"mount {target}")


def fill(mounts):
    """A namespace of its own, for this process, with so many mounts more."""
    if LIBC.unshare(NEW_NAMESPACE) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    mount(None, "/", None, PRIVATE | RECURSIVE)
    directory = pathlib.Path("/tmp")
    mount(b"long-table", directory, b"tmpfs", 0)
    for i in range(mounts):
        place = directory / f"volume-{i}"
        place.mkdir()
        mount(os.fsencode(place), place, None, BIND)


def keep(namespaces, mounts):
    pipes = []
    for _ in range(namespaces):
        reading, writing = os.pipe()
        if os.fork() == 0:
            os.close(reading)
            fill(mounts)
            os.write(writing, b".")
            sys.stdin.read()
            os._exit(0)
        os.close(writing)
        pipes.append(reading)
    for reading in pipes:
        if os.read(reading, 1) != b".":
            raise SystemExit("a namespace could not be made")
    print("ready", flush=True)
    sys.stdin.read()
    for _ in range(namespaces):
        os.wait()


@contextlib.contextmanager
def long_tables(namespaces, mounts):
    command = [sys.executable, __file__, str(namespaces), str(mounts)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.stdin.close()


if __name__ == "__main__":
    keep(*map(int, sys.argv[1:]))

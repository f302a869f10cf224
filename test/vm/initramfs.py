# SPDX-License-Identifier: Apache-2.0
"""What a guest boots into: this host's python3, the programs under test, and their libraries."""

import os
import pathlib
import re
import stat
import subprocess
import sysconfig

from matrix import BUILD, HERE, ROOT, Refusal

INSIDE = "/fusescope"  # where harness.py then finds its own ROOT
PROGRAMS = ("agent/fusescope", "test/fs/countfs", "test/load/sgio")
PACKAGES = pathlib.Path("/usr/lib/python3/dist-packages")
BUSYBOX = "/bin/busybox"
DIRECTORIES = ("proc", "sys", "dev", "tmp", "run", "root", "usr/bin", "usr/sbin", "usr/lib",
           "usr/lib64")
LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64",
         "etc/mtab": "/proc/self/mounts", "usr/bin/python3": "python3.11"}
# Of the standard library: what is large, or loads large libraries, and is not used.
UNUSED = re.compile(r"/(config-3[^/]*|test|idlelib|tkinter|lib2to3|distutils|ensurepip|pydoc_data"
                    r"|turtledemo|_(sqlite3|curses|dbm|test|codecs_)[^/]*|nis\.[^/]*"
                    r"|readline\.[^/]*)(/|$)")


class Archive:
    """A cpio archive as the kernel unpacks it ("newc"); appended to another it adds to it."""

    def __init__(self):
        self.parts = []
        self.known = set()

    def _add(self, name, mode, data=b"", mtime=0):
        encoded = os.fsencode(name) + b"\0"
        fields = (len(self.parts) + 1, mode, 0, 0, 1, int(mtime), len(data), 0, 0, 0, 0,
                  len(encoded), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
        self.parts.append(head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4))

    def _parents(self, name):
        parent = os.path.dirname(name)
        if parent:
            self.directory(parent)

    def directory(self, name):
        name = place(name)
        if name not in self.known:
            self.known.add(name)
            self._parents(name)
            self._add(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o644, mtime=0):
        name = place(name)
        if name not in self.known:
            self.known.add(name)
            self._parents(name)
            self._add(name, stat.S_IFREG | mode, data, mtime)

    def link(self, name, target):
        self._parents(name)
        self._add(name, stat.S_IFLNK | 0o777, os.fsencode(target))

    def copy(self, source, name=None):
        """A file of this host; with its time, which compiled Python files depend on."""
        about = os.stat(source)
        self.file(name or str(source), pathlib.Path(source).read_bytes(),
                  stat.S_IMODE(about.st_mode), about.st_mtime)

    def program(self, source, name=None):
        """A program or library of this host, with the libraries that it needs."""
        self.copy(source, name)
        for library in libraries(source):
            self.copy(library)

    def bytes(self):
        end = Archive()
        end._add("TRAILER!!!", 0)
        return b"".join(self.parts + end.parts)


def place(name):
    """Where a path lies once /lib and the like are links into /usr."""
    return re.sub(r"^(bin|sbin|lib|lib64)/", r"usr/\1/", os.path.normpath(name).lstrip("/"))


def libraries(program):
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    if "not found" in listed:
        raise Refusal(f"{program} lacks a library: {listed}")
    return re.findall(r"(/\S+) \(0x", listed)


def add_python(archive):
    archive.program(f"/usr/bin/python{sysconfig.get_python_version()}")
    library = pathlib.Path(sysconfig.get_path("stdlib"))
    for file in sorted([*library.rglob("*"), *PACKAGES.glob("prometheus_client/**/*"),
                        *PACKAGES.glob("**/decorator*.py*")]):
        if file.is_file() and not UNUSED.search(str(file)):
            (archive.program if file.suffix == ".so" else archive.copy)(file)


def add_project(archive):
    for name in PROGRAMS:
        if not (BUILD / name).exists():
            raise Refusal(f"{BUILD / name} is missing: build it, or set FUSESCOPE_BUILD")
        archive.program(BUILD / name, f"{INSIDE}/build/release/{name}")
    for directory in (ROOT / "test/e2e", HERE, HERE / "guest"):
        for file in directory.glob("*.py"):
            archive.copy(file, f"{INSIDE}/{file.relative_to(ROOT)}")
    archive.copy(HERE / "guest/init", "init")


def add_shell(archive):
    if not os.path.exists(BUSYBOX):
        raise Refusal("busybox is missing: install the packages of test/vm/packages.txt")
    archive.program(BUSYBOX)
    for tool in subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True,
                               check=True).stdout.split():
        if tool != "busybox":
            archive.link(f"usr/bin/{tool}", "busybox")


def base(added=()):
    """What all guests have in common, and other programs of this host."""
    archive = Archive()
    for name in DIRECTORIES:
        archive.directory(name)
    for name, target in LINKS.items():
        archive.link(name, target)
    add_shell(archive)
    add_python(archive)
    add_project(archive)
    archive.file("etc/hosts", b"127.0.0.1 localhost\n")
    for program in added:
        archive.program(program)
    return archive.bytes()


def of_row(modules, job):
    """What is one guest's own: modules in the order to load them, and the command to run."""
    archive = Archive()
    archive.file("job/modules", "".join(f"/job/{module.name}\n" for module in modules).encode())
    for module in modules:
        archive.copy(module, f"job/{module.name}")
    archive.file("job/run", job.encode(), 0o755)
    return archive.bytes()

# SPDX-License-Identifier: Apache-2.0
"""A guest whose first process is systemd: a Debian root, unpacked into its memory."""

import subprocess
import sys
import tempfile

from harness import ROOT

sys.path.insert(0, str(ROOT / "test/vm"))
import fetch  # noqa: E402
import initramfs  # noqa: E402
from guest import COMMAND_LINE, MEMORY, QEMU  # noqa: E402
from matrix import load_rows  # noqa: E402

ROW = "6.12"  # with FUSE built in: nothing to load
LARGER = "3G"
UNNEEDED = ("usr/share/locale", "usr/share/man", "var/cache/apt", "var/lib/apt/lists")
LONGEST = 900  # seconds
TOLD = 2000  # characters of each serial line, where the guest does not come to its end

INIT = b"""#!/bin/busybox sh
/bin/busybox mkdir /new
/bin/busybox mount -t devtmpfs none /dev
/bin/busybox mount -t tmpfs -o size=2G none /new
/bin/busybox tar -x -C /new -f /root.tar
/bin/busybox rm /root.tar
exec /bin/busybox switch_root /new /sbin/init
"""


def archive_of(root):
    archive = initramfs.Archive()
    archive.link("bin", "usr/bin")
    archive.program(initramfs.BUSYBOX)
    archive.file("init", INIT, 0o755)
    with tempfile.TemporaryFile() as packed:
        subprocess.run(["tar", "-C", root, *(f"--exclude=./{name}" for name in UNNEEDED), "-c",
                        "."], stdout=packed, check=True)
        packed.seek(0)
        archive.file("root.tar", packed.read())
    return archive.bytes()


def boot(root, directory):
    """What its second serial line said until it switched itself off."""
    initrd, console, said = (directory / name for name in ("initrd", "console", "said"))
    initrd.write_bytes(archive_of(root))
    kernel = fetch.kernel_directory(load_rows()[ROW].kernel) / "vmlinuz"
    machine = [LARGER if word == MEMORY else word for word in QEMU]
    try:
        subprocess.run([*machine, "-kernel", kernel, "-initrd", initrd, "-append", COMMAND_LINE,
                        "-serial", f"file:{console}", "-serial", f"file:{said}"],
                       stdin=subprocess.DEVNULL, check=True, timeout=LONGEST)
    except subprocess.SubprocessError as error:
        told = "\n".join(file.read_text(errors="replace")[-TOLD:] for file in (console, said)
                         if file.exists())
        raise AssertionError(f"the guest did not switch itself off ({error}):\n{told}") from None
    return said.read_text(errors="replace")

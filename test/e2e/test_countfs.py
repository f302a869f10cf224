# SPDX-License-Identifier: Apache-2.0
"""What the counting filesystem itself must not do."""

import os
import stat
import subprocess

import pytest

from harness import COUNTFS, Countfs


def make_link(path):
    path.symlink_to("elsewhere")


@pytest.mark.parametrize("suffix", ["", ".tmp"])
@pytest.mark.parametrize("make", [make_link, os.mkfifo, os.mkdir,
                                  lambda path: os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))],
                         ids=["link", "fifo", "directory", "device"])
def test_replaces_nothing_but_a_regular_file(tmp_path, make, suffix):
    """Of what is there before it starts it says so; later it leaves it alone. That it writes its
    counts to a file beside, first, is no way around."""
    taken = tmp_path / f"stats{suffix}"
    make(taken)
    before = os.lstat(taken)
    directory = tmp_path / "mnt"
    directory.mkdir()
    done = subprocess.run([COUNTFS, "--stats", tmp_path / "stats", directory], capture_output=True,
                          text=True, timeout=20, check=False)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert f"cannot write {taken}: it is no regular file" in done.stderr
    assert os.lstat(taken) == before and not (tmp_path / "elsewhere").exists()


def test_a_device_that_comes_later_stays(tmp_path):
    filesystem = Countfs(tmp_path)
    os.mknod(filesystem.stats_file, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    assert filesystem.stop() == 0
    assert stat.S_ISCHR(os.lstat(filesystem.stats_file).st_mode)

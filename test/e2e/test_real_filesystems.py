# SPDX-License-Identifier: Apache-2.0
"""fusescope verify on filesystems that people use: each ends with a verdict, however it opens,
reads and writes, or does not."""

import concurrent.futures
import contextlib
import json
import os
import subprocess

import pytest

from harness import AGENT
from real_filesystems import KINDS, MOUNTPOINT, SOURCE, Kind, RealFilesystem
from test_bad_input import refused

AT_ONCE = 4  # nearly all of the time is spent waiting

MAX_PAGES = {"read direct": "max_pages", "write direct": "max_pages"}
NO_BIG_WRITES = {"write buffered": "no_big_writes"}

# Cause by operation and mode, of those that the verdict depends on; None: ok.
VERDICTS = {
    "archivemount": {"read direct": "max_pages"},
    "bindfs": MAX_PAGES | NO_BIG_WRITES,
    "disorderfs": {"read direct": "max_pages"} | NO_BIG_WRITES,
    "encfs": MAX_PAGES | NO_BIG_WRITES,
    "fuse-zip": {"read direct": "max_pages"},
    "fuse2fs": MAX_PAGES | {"write buffered": "max_pages"},
    "fuseiso": {"read direct": "max_pages"},
    "gocryptfs": MAX_PAGES | {"write buffered": "max_pages"},
    "mergerfs": {"read direct": None, "write buffered": None},
    "ntfs-3g": MAX_PAGES | NO_BIG_WRITES,
    "rclone": {"read direct": "max_pages", "write buffered": "max_pages"},
    "squashfuse": {"read direct": None},
    "unionfs": {"read buffered": "max_pages", "write buffered": "max_pages"},
}

# Why the other operations and modes could not be tested.
READ_ONLY = {"write direct": "Read-only", "write buffered": "Read-only"}
REASONS = {
    "archivemount": READ_ONLY,
    "disorderfs": {"write direct": "refuses direct I/O"},
    "fuse-zip": READ_ONLY,
    "fuseiso": {"write direct": "not implemented", "write buffered": "not implemented"},
    "mergerfs": {"write direct": "refuses direct I/O"},
    "rclone": {"write direct": "in order to a new file"},
    "squashfuse": READ_ONLY,
    "unionfs": {"read direct": "refuses direct I/O", "write direct": "refuses direct I/O"},
}


def verified(name, directory):
    """Exit code, standard error and report."""
    directory.mkdir()
    with contextlib.closing(RealFilesystem(KINDS[name], directory)) as filesystem:
        done = subprocess.run([AGENT, "verify", "--json", "--no-timing", filesystem.label],
                              capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stderr, json.loads(done.stdout or "null"), filesystem.names()


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """All are begun together; each test waits for its own."""
    directory = tmp_path_factory.mktemp("real")
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(verified, name, directory / name) for name in KINDS}


def key(op):
    return f"{op['op']} {op['mode']}"


@pytest.mark.parametrize("name", KINDS)
def test_ends_with_a_verdict(reports, name):
    code, errors, report, left = reports[name].result()
    assert errors == "" and report, errors
    ops = {key(op): op for op in report["ops"]}
    causes = {what: op["cause"] for what, op in ops.items() if op["decides"]}
    assert causes == VERDICTS[name]
    assert code == (1 if any(causes.values()) else 0)
    untested = {what: op["reason"] for what, op in ops.items() if op["verdict"] is None}
    expected = REASONS.get(name, {})
    assert untested.keys() == expected.keys()
    for what, words in expected.items():
        assert words in untested[what]
    assert report["file"] == ("data" if "write buffered" in expected else None)
    assert [each for each in left if each.startswith(".fusescope")] == []


@pytest.fixture
def bound(tmp_path):
    """A read-only mount whose only large files are behind links and another mount."""
    large = tmp_path / "elsewhere/large"
    large.parent.mkdir()
    large.write_bytes(bytes(8 << 20))

    def fill(served):
        os.symlink(large, os.path.join(served, "link"))
        os.symlink(large.parent, os.path.join(served, "directory"))
        os.mkfifo(os.path.join(served, "fifo"))
        os.mkdir(os.path.join(served, "inner"))
        with open(os.path.join(served, "small"), "wb") as file:
            file.write(bytes(64 << 10))

    kind = Kind(("bindfs", "-f", "-r", SOURCE, MOUNTPOINT))
    with contextlib.closing(RealFilesystem(kind, tmp_path, fill)) as filesystem:
        inner = os.path.join(filesystem.label, "inner")
        subprocess.run(["mount", "--bind", large.parent, inner], check=True)
        yield filesystem, large
        subprocess.run(["umount", inner], check=True)


def test_never_reads_a_file_of_elsewhere(bound):
    filesystem, large = bound
    verify = [AGENT, "verify", filesystem.label]

    def inside(name):
        return os.path.join(filesystem.label, name)

    refused(verify, "Read-only", "none has 1 MiB or more", "--file")
    refused([*verify, "--file", inside("link")], inside("link"), "symbolic link")
    refused([*verify, "--file", inside("fifo")], inside("fifo"), "regular file")
    refused([*verify, "--file", inside("inner/large")], "large", "another filesystem")
    refused([*verify, "--file", str(large)], str(large), "another filesystem")
    refused([*verify, "--file", inside("small")], inside("small"), "1 MiB")

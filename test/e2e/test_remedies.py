# SPDX-License-Identifier: Apache-2.0
"""What is advised for real daemons, done as it is advised: the requests are fewer then. And what is
said of a mount that is in another mount namespace."""

import json
import os
import re
import subprocess

import pytest

from harness import AGENT, COUNTFS, end, wait_for

CALLS = 4  # of 1 MiB


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done


def split(*command):
    """Requests of a command's I/O calls, and what is advised for them by cause."""
    report = json.loads(run(AGENT, "stat", "--json", "--", *command).stderr)
    (mount,) = report["mounts"]
    (calls,) = mount["calls"]
    return calls["requests"], {each["cause"]: each["remedy"] for each in calls["splits"]}


def write(path):
    return split("dd", "if=/dev/zero", f"of={path}", "bs=1M", f"count={CALLS}", "status=none")


def read(path):
    """As it is read for the first time."""
    file = os.open(path, os.O_RDONLY)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(file)
    return split("dd", f"if={path}", "of=/dev/null", "bs=1M", "status=none")


@pytest.fixture(name="loop")
def loop_device(tmp_path):
    """loop(MiB): a block device."""
    devices = []

    def attach(mebibytes):
        image = tmp_path / "image"
        with open(image, "wb") as file:
            file.truncate(mebibytes << 20)
        devices.append(run("losetup", "--find", "--show", image).stdout.strip())
        return devices[-1]

    yield attach
    for device in devices:
        run("losetup", "--detach", device)


def test_a_window_of_fuseblk_is_raised_as_advised(agent, loop, mount):
    """The mount's, and not that of its block device."""
    filesystem = mount("--blkdev", "--fsname", loop(1), files=(f"data:{CALLS}M",))
    gauge = {"mountpoint": filesystem.label, "fstype": "fuseblk.countfs"}
    assert agent.scrape().total("fuse_mount_readahead_bytes", **gauge) == 128 << 10
    data = os.fsdecode(filesystem.path())
    before, remedies = read(data)
    assert set(remedies) == {"readahead_window"} and before > CALLS
    assert before <= filesystem.counts("read")["requests"]
    command = re.search(r"echo 1024 > \S+", remedies["readahead_window"])[0]
    run("sh", "-c", command)
    assert agent.scrape().total("fuse_mount_readahead_bytes", **gauge) == 1 << 20
    after, remedies = read(data)
    assert after <= CALLS and not remedies


def test_ntfs_3g_is_known_by_its_command(loop, tmp_path):
    """mountinfo has fuseblk and a device, and no name."""
    device = loop(32)
    run("mkntfs", "--quick", "--force", "--quiet", device)
    mountpoint = tmp_path / "ntfs"
    mountpoint.mkdir()
    run("mount.ntfs-3g", device, mountpoint)
    try:
        requests, remedies = write(mountpoint / "data")
    finally:
        run("umount", mountpoint)
    assert requests == CALLS * 256
    assert set(remedies) == {"no_big_writes"}
    assert "below 4 GiB ntfs-3g takes the option, and ignores it" in remedies["no_big_writes"]


@pytest.fixture(name="bindfs")
def bindfs_mount(tmp_path):
    """bindfs(*options): mounts it, in place of the one before."""
    source, mountpoint = tmp_path / "source", tmp_path / "bindfs"
    source.mkdir()
    mountpoint.mkdir()
    started = []

    def finish():
        if started:
            run("umount", mountpoint)
            started.pop().wait(20)

    def start(*options):
        finish()
        started.append(subprocess.Popen(["bindfs", "-f", *options, source, mountpoint]))
        wait_for(lambda: os.path.ismount(mountpoint), "bindfs mounted")
        return mountpoint

    yield start
    finish()


def test_bindfs_writes_as_it_is_advised(bindfs):
    before, remedies = write(bindfs() / "data")
    assert before == CALLS * 256
    remedy = remedies["no_big_writes"]
    option = re.search(r"mount with -o (\S+), ", remedy)[1]
    carried = int(re.search(r"carries up to (\d+) bytes", remedy)[1])
    after, remedies = write(bindfs("-o", option) / "data")
    assert after == CALLS * (1 << 20) // carried == CALLS * 8
    assert "no_big_writes" not in remedies


@pytest.fixture(name="elsewhere")
def mount_elsewhere(tmp_path):
    """A mountpoint, and the process whose mount namespace alone has it."""
    mountpoint = tmp_path / "elsewhere"
    mountpoint.mkdir()
    process = subprocess.Popen(
        ["unshare", "--mount", "--propagation", "private", COUNTFS, "--stats", tmp_path / "stats",
         "--file", "data:1M", mountpoint], stdout=subprocess.PIPE)
    assert process.stdout.readline().startswith(b"ready")
    yield mountpoint, process.pid
    end(process)


def test_a_mount_of_another_namespace_is_said_to_be_there(elsewhere):
    mountpoint, process = elsewhere
    for command in (["verify"], ["trace", "--mount"]):
        done = subprocess.run([AGENT, *command, mountpoint], capture_output=True, text=True,
                              timeout=20, check=False)
        assert done.returncode == 2 and done.stderr.count("\n") == 1, done
        way = f"nsenter -t {process} -m fusescope {' '.join(command)} '{mountpoint}'"
        assert done.stderr.rstrip().endswith(f"in the mount namespace of PID {process}: {way}")
    enter = way.partition(" fusescope")[0]
    assert "fuse.countfs" in run(*enter.split(), "findmnt", mountpoint).stdout

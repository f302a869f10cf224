# SPDX-License-Identifier: Apache-2.0
"""Two mounts of one path, in two mount namespaces, are two."""

import json
import os
import urllib.request

import pytest

import workloads
from harness import Countfs, data_requests, sgio, wait_for


@pytest.fixture
def other(mount, tmp_path):
    """A mount over the path of another, in a namespace of its own."""
    here = mount(name="data")
    there = Countfs(tmp_path, *workloads.LIMITS[32], mountpoint=here.label,
                    under=("unshare", "--mount", "--propagation", "private"))
    yield here, there
    assert there.stop() == 0


def namespace_of(process):
    return os.readlink(f"/proc/{process.pid}/ns/mnt").strip("mnt:[]")


def series(agent, name, label):
    return [s.value for s in agent.scrape().select(name, mountpoint=label)]


def shown_by_page(agent):
    """As of its last look, which may have been for another."""
    with urllib.request.urlopen(agent.url + "/api/mounts", timeout=10) as response:
        return {mount["mountpoint"] for mount in json.load(response)["mounts"]}


def test_each_has_its_own_series(agent, other):
    here, there = other
    label = f"{here.label} (mnt:{namespace_of(there.process)})"
    path_there = f"/proc/{there.process.pid}/root{os.fsdecode(there.path())}".encode()
    sgio(here.path(), "--direct", "--calls", 8)
    sgio(path_there, "--direct", "--calls", 3)
    wait_for(lambda: series(agent, "fuse_mount_info", label), "the name of the other mount")
    scrape = agent.scrape()
    assert data_requests(scrape, here.label, "read") == here.counts("read")
    assert data_requests(scrape, label, "read") == there.counts("read")
    assert here.counts("read") != there.counts("read")
    for name in (here.label, label):
        assert len(scrape.select("fuse_mount_info", mountpoint=name)) == 1
    assert scrape.total("fuse_mount_max_pages", mountpoint=label) == 32
    assert scrape.total("fuse_mount_max_pages", mountpoint=here.label) == 256
    wait_for(lambda: {here.label, label} <= shown_by_page(agent), "both on the live page")
    assert there.stop() == 0
    assert series(agent, "fuse_mount_info", here.label) == [1], "its name stays"

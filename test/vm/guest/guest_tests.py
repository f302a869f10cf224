# SPDX-License-Identifier: Apache-2.0
"""Tests that only guests run."""

import json
import subprocess

import pytest

import workloads
from harness import AGENT, data_requests, sgio

CALLS = 8
VIRTIOFS = "/mnt/virtiofs"
VIRTIOFS_MAX_PAGES = 124  # with virtiofsd's ring of 128 entries


def test_sixty_four_threads(agent, mount):
    filesystem = mount("--threads", "64", *workloads.LIMITS[32])
    sgio(filesystem.path(), "--direct", "--threads", "64", "--calls", "4", "--same-region")
    scrape = agent.scrape()
    assert data_requests(scrape, filesystem.label, "read") == filesystem.counts("read")
    labels = {"mountpoint": filesystem.label, "op": "read", "mode": "direct"}
    assert scrape.total("fuse_io_requests_count", **labels) == 64 * 4
    assert scrape.total("fuse_io_requests_sum", **labels) == 64 * 4 * 8
    assert scrape.total("fuse_io_segments_total", **labels) == 64 * 4 * 256


def test_requests_come_over_io_uring(agent, mount):
    filesystem = mount()
    sgio(filesystem.path(), "--direct", "--calls", CALLS)
    assert data_requests(agent.scrape(), filesystem.label, "read") == filesystem.counts("read")
    stats = filesystem.stats()
    assert stats["ring_requests"] >= stats["opcodes"]["read"]["requests"] == CALLS


def slots_of(workload):
    """Page slots of a call: as the table says, or what a page-aligned transfer takes."""
    return workload.slots or (1 if workload.name == "4-KiB" else 256)


@pytest.mark.parametrize("workload", [w for w in workloads.ALL
                                      if w.mode == "direct" and w.max_pages == 256], ids=str)
def test_virtiofs(agent, mount, workload):
    """virtiofsd tells no counts: what it gets follows from its limit and what sgio asked for."""
    folder = mount()
    driver = sgio(folder.path(), "--op", workload.op, "--calls", CALLS, *workload.sgio)
    scrape = agent.scrape()
    slots = slots_of(workload)
    requests = -(-slots // VIRTIOFS_MAX_PAGES)
    assert data_requests(scrape, folder.label, workload.op) == {
        "requests": CALLS * requests, "bytes": driver["asked_bytes"], "pages": CALLS * slots}
    labels = {"mountpoint": folder.label, "op": workload.op, "mode": "direct"}
    assert scrape.total("fuse_io_requests_count", **labels) == CALLS
    assert scrape.total("fuse_io_requests_sum", **labels) == CALLS * requests
    assert scrape.total("fuse_io_segments_total", **labels) == CALLS * workload.segments
    assert scrape.total("fuse_io_bytes_total", **labels) == driver["asked_bytes"]


def verify(agent, folder):
    """The report of `fusescope verify` with the agent's own way to hook, and its exit code."""
    hooks = [arg for arg in agent.process.args if str(arg).startswith("--hooks=")]
    done = subprocess.run([AGENT, "verify", "--json", "--timeout", "120", *hooks, folder.label],
                          capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode in (0, 1) and done.stderr == "", done
    return json.loads(done.stdout), done.returncode


def check_verdict(report, requests, verdict, cause):
    """Of reads and of writes; both are as few as the limits of the mount allow."""
    assert {(op["op"], op["verdict"], op["cause"]) for op in report["ops"]} == {
        ("read", verdict, cause), ("write", verdict, cause)}
    counted = {shape["shape"]: shape["requests"] for shape in report["shapes"]}
    assert counted == requests
    for shape in report["shapes"]:
        assert shape["requests"] == shape["expected_requests"], shape


def test_verify(agent, mount):
    report, code = verify(agent, mount(*workloads.LIMITS[256]))
    check_verdict(report, {"vectored": 1, "unaligned": 2, "single": 256, "buffer": 1}, "ok", None)
    assert code == 0
    report, code = verify(agent, mount(*workloads.LIMITS[32]))
    check_verdict(report, {"vectored": 8, "unaligned": 16, "single": 256, "buffer": 8}, "limited",
                  "max_pages")
    assert code == 1


def test_verify_virtiofs(agent, mount):
    report, code = verify(agent, mount())
    check_verdict(report, {"vectored": 3, "unaligned": 5, "single": 256, "buffer": 3}, "limited",
                  "max_pages")
    assert code == 1 and report["limits"]["max_pages"] == VIRTIOFS_MAX_PAGES
    assert "queue" in report["ops"][0]["remedy"]

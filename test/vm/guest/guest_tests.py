# SPDX-License-Identifier: Apache-2.0
"""Tests that only guests run."""

import pytest

import workloads
from harness import data_requests, sgio

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

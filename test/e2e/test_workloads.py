# SPDX-License-Identifier: Apache-2.0
"""For each workload: what the agent counts equals, to the request, page and byte, what the
filesystem received, and each I/O call took as many requests as the kernel's rules say."""

import pytest

import workloads
from harness import data_requests, sgio

CALLS = 8


def call_counters(scrape, workload, mountpoint):
    labels = {"mountpoint": mountpoint, "op": workload.op, "mode": workload.mode}
    return {
        "calls": scrape.total("fuse_io_requests_count", **labels),
        "requests": scrape.total("fuse_io_requests_sum", **labels),
        "minimum": scrape.total("fuse_io_minimum_requests_total", **labels),
        "segments": scrape.total("fuse_io_segments_total", **labels),
        "bytes": scrape.total("fuse_io_bytes_total", **labels),
    }


@pytest.mark.parametrize("workload", workloads.ALL, ids=str)
def test_equals_the_filesystem(agent, mount, workload):
    filesystem = mount(*workloads.LIMITS[workload.max_pages], *workload.fs)
    driver = sgio(filesystem.path(), "--op", workload.op, "--calls", CALLS, *workload.sgio)
    scrape = agent.scrape()
    truth = filesystem.counts(workload.op)
    seen = data_requests(scrape, filesystem.label, workload.op)
    calls = call_counters(scrape, workload, filesystem.label)

    expected = dict(truth)
    if workload.slots is not None:
        expected["pages"] = CALLS * workload.slots
    assert seen == expected

    assert driver["calls"] == CALLS
    own = scrape.total("fuse_request_origin_total", mountpoint=filesystem.label, op=workload.op,
                       origin="call")
    assert calls == {
        "calls": CALLS,
        "requests": own,
        "minimum": CALLS * workload.needed,
        "segments": CALLS * workload.segments,
        "bytes": driver["asked_bytes"],
    }
    if workload.mode == "direct" or workload.op == "write":
        assert own == CALLS * workload.requests == truth["requests"]
    check_splits(scrape, workload, filesystem.label)


def check_splits(scrape, workload, mountpoint):
    splits = {s.labels["cause"]: s.value
              for s in scrape.select("fuse_io_splits_total", mountpoint=mountpoint) if s.value}
    extra = {s.labels["cause"]: s.value
             for s in scrape.select("fuse_io_extra_requests_total", mountpoint=mountpoint)
             if s.value}
    if workload.requests == 1:
        assert splits == {}
    elif workload.mode == "direct" or workload.op == "write":
        assert splits == {next(iter(workload.extra())): CALLS}
        assert extra == {cause: CALLS * count for cause, count in workload.extra().items()}
    else:
        assert set(splits) == {workload.cause}


def lost(agent):
    return {s.labels["reason"]: s.value
            for s in agent.scrape().select("fusescope_lost_events_total")}


def difference_of(after, before):
    return {reason: count - before.get(reason, 0) for reason, count in after.items()
            if count != before.get(reason, 0)}


@pytest.mark.serial
def test_nothing_is_lost(agent, mount):
    """By any workload. What others of this host lose meanwhile is counted, too: hence three attempts."""
    filesystems = {pages: mount(*options, name=f"{pages}-pages")
                   for pages, options in workloads.LIMITS.items()}
    attempts = []
    while len(attempts) < 3 and {} not in attempts:
        before = lost(agent)
        for each in workloads.ALL:
            sgio(filesystems[each.max_pages].path(), "--op", each.op, "--calls", CALLS, *each.sgio)
        attempts.append(difference_of(lost(agent), before))
    assert {} in attempts

# SPDX-License-Identifier: Apache-2.0
"""What a soak must hold is missed where it does not hold; the soak itself is a part of its own."""

import dataclasses
import sys
import xml.etree.ElementTree

import pytest

from harness import ROOT

sys.path.append(str(ROOT / "test/soak"))
import ledger  # noqa: E402
import report  # noqa: E402
import verdict  # noqa: E402

STATS = {"opcodes": {"read": {"requests": 10}, "forget": {"requests": 3}}, "refused_replies": 1}


def sample(at, rss_kib=50_000, descriptors=100, threads=2):
    return {"at": at, "rss_kib": rss_kib, "pss_kib": rss_kib, "descriptors": descriptors,
            "threads": threads, "cpu_percent": 1, "p50": 0.01, "longest": 0.02, "mounts": 3,
            "bytes": 9000}


def booked(*accounts):
    book = ledger.Ledger()
    for account in accounts:
        book.add(*account)
    return book


def outcome(told=ledger.Told(sent={"/a": 9}), book=None, **changes):
    book = book or booked(("/a", ledger.received(STATS), ledger.EXACT))
    good = verdict.Outcome(
        samples=[sample(at) for at in range(0, 180, 3)],
        rows=[{"kind": "plain", "seconds": 0.01, "series": 9, "wrong": ""}] * 100,
        wrong_accounts=book.wrong(told), unnamed=book.unnamed(told), totals=book.totals(told),
        actors={"churn": 5}, errors=[], descriptors=(46, 46), exit_code=0)
    return dataclasses.replace(good, **changes)


def missed(of):
    return [check.name for check in verdict.judge(of) if not check.good]


def test_all_holds():
    assert missed(outcome()) == []


LEAK = [sample(at, rss_kib=50_000 + 60 * at) for at in range(0, 180, 3)]
MANY_FILES = [sample(at, descriptors=400) for at in range(0, 180, 3)]
MORE_THREADS = [sample(at, threads=2 + at // 30) for at in range(0, 180, 3)]
SLOW = [{"kind": "plain", "seconds": 1.5, "series": 9}] * 100
STUCK = [{"kind": "plain", "seconds": 0.1, "series": 9}] * 999 + [{"kind": "page", "seconds": 11}]


@pytest.mark.parametrize("changes,name", [
    ({"samples": LEAK}, "memory is flat"),
    ({"samples": MANY_FILES}, "descriptors are flat"),
    ({"descriptors": (46, 47)}, "descriptors are flat"),
    ({"samples": MORE_THREADS}, "threads are flat"),
    ({"rows": SLOW}, "a scrape is quick"),
    ({"rows": STUCK}, "a scrape is quick"),
    ({"rows": [{"kind": "plain", "failed": "OSError"}, {"series": 1, "seconds": 0}]},
     "no scrape fails"),
    ({"rows": [{"seconds": 0.1, "series": 9, "wrong": "went down"}]},
     "no counter goes down, each exposition makes sense"),
    ({"exit_code": None}, "the agent lives, and ends with 0"),
    ({"exit_code": 1}, "the agent lives, and ends with 0"),
    ({"errors": ["churn: OSError"]}, "each actor did its part"),
    ({"actors": {"churn": 0}}, "each actor did its part"),
], ids=str)
def test_what_does_not_hold_is_missed(changes, name):
    assert missed(outcome(**changes)) == [name]


TOTAL, EACH = "the total is exact", "each mount is exact"


@pytest.mark.parametrize("told,misses", [
    (ledger.Told(sent={"/a": 10}), [TOTAL, EACH]),
    (ledger.Told(sent={"/a": 8}), [TOTAL, EACH]),
    (ledger.Told(sent={"/a": 4, "unknown": 5}), []),
    (ledger.Told(sent={"/a": 12, "unknown": -3}), [EACH]),
    (ledger.Told(sent={"/a": 11}, aborted={"/a": 2}), []),
], ids=str)
def test_accounts(told, misses):
    assert missed(outcome(told)) == misses


def test_what_was_taken_back_is_in_the_total():
    book = booked(("/a", 9, ledger.EXACT), ("/b", 5, ledger.TAKEN_BACK))
    told = ledger.Told(sent={"/a": 9, "/b": 8}, lost={"killed": 2, "unmounted": 1})
    assert missed(outcome(told, book)) == []
    assert missed(outcome(dataclasses.replace(told, lost={"killed": 2}), book)) == [TOTAL]


def test_the_picture_is_xml():
    drawing = xml.etree.ElementTree.fromstring(report.picture([sample(at) for at in range(60)]))
    assert len(drawing.findall(".//{*}polyline")) == 9

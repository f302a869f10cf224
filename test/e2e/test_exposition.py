# SPDX-License-Identifier: Apache-2.0
"""The checker of expositions itself: it accepts what is right, and names what is not."""

import pytest

from exposition import Checker

TEXT = """\
# HELP fuse_requests_sent_total Sent.
# TYPE fuse_requests_sent_total counter
fuse_requests_sent_total{mountpoint="/a b",fstype="fuse"} SENT
# HELP fuse_requests_in_flight Now.
# TYPE fuse_requests_in_flight gauge
fuse_requests_in_flight{mountpoint="/a b",fstype="fuse"} FLIGHT
# HELP fuse_request_duration_seconds Time.
# TYPE fuse_request_duration_seconds histogram
fuse_request_duration_seconds_count{mountpoint="/a b",fstype="fuse",op="read"} ENDED
fuse_request_duration_seconds_sum{mountpoint="/a b",fstype="fuse",op="read"} 0.5
fuse_request_duration_seconds_bucket{mountpoint="/a b",fstype="fuse",op="read",le="1e-06"} FAST
fuse_request_duration_seconds_bucket{mountpoint="/a b",fstype="fuse",op="read",le="+Inf"} ENDED
# HELP fusescope_lost_events_total Lost.
# TYPE fusescope_lost_events_total counter
fusescope_lost_events_total{reason="killed"} LOST
# HELP fusescope_mounts_forgotten_total Forgotten.
# TYPE fusescope_mounts_forgotten_total counter
fusescope_mounts_forgotten_total FORGOTTEN
"""


def text(sent=9, ended=9, flight=0, fast=1, lost=0, forgotten=0):
    result = TEXT
    for name, value in (("SENT", sent), ("ENDED", ended), ("FLIGHT", flight), ("FAST", fast),
                        ("LOST", lost), ("FORGOTTEN", forgotten)):
        result = result.replace(f" {name}\n", f" {value}\n")
    return result


def without_mount(**values):
    return "".join(line + "\n" for line in text(**values).splitlines() if "/a b" not in line)


def check(*texts):
    checker = Checker()
    for each in texts:
        checker.check(each)


def test_what_is_right_is_accepted():
    check(text(), text(sent=12, ended=10, flight=2), text(sent=12, ended=12),
          without_mount(), text(sent=13, ended=12), text(sent=13, ended=12, flight=1))


@pytest.mark.parametrize("texts,error", [
    ([text(), text(sent=8, ended=8)], r"fuse_requests_sent_total.* went down from 9.0 to 8.0"),
    ([text(), text(fast=0)], r'bucket.*le="1e-06".* went down from 1.0 to 0.0'),
    ([text(), without_mount(), text(sent=8, ended=8)], "went down from 9.0 to 8.0"),
    ([text(), text(sent=8, ended=8, forgotten=1)], "went down"),
    ([text(fast=10)], r"bucket inf has 9.0, 1e-06 has 10.0"),
    ([text().replace('le="+Inf"} 9', 'le="+Inf"} 10')], r"\+Inf has 10.0, count is 9.0"),
    ([text(sent=9, ended=10)], "10.0 have ended, 9.0 were sent"),
    ([text(), text(sent=9, ended=9, flight=9000)], "9000.0 are in flight"),
    ([text(sent=9, ended=8)] * 3, "'/a b', 'fuse'.*: 1.0.* and 0.0 were lost"),
    ([text() + 'fusescope_mounts_forgotten_total 1\n'], "comes twice: 0.0, then 1.0"),
    ([text() + TEXT.splitlines()[2].replace("SENT", "1").replace("/a", "/c") + "\n"],
     "fuse_requests_sent_total stands"),
    ([text().replace("# HELP fuse_requests_sent_total Sent.\n", "")], "has no HELP"),
    ([text().replace('"/a b"', '"/a "b"')], "not a line of the text format"),
])
def test_what_is_not_is_named(texts, error):
    with pytest.raises(AssertionError, match=error):
        check(*texts)


def test_a_mount_that_was_forgotten_begins_anew():
    check(text(), without_mount(forgotten=1), text(sent=1, ended=1, forgotten=1))


def test_what_was_lost_need_not_end():
    check(*[text(sent=9, ended=8, lost=1)] * 3)

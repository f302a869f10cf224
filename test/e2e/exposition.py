# SPDX-License-Identifier: Apache-2.0
"""What must hold for every exposition of one agent, and from each to the next.

- The text is well formed: each family has HELP and TYPE before its series, and no series comes twice.
- No counter goes down, also of a series that was away for a while; but for a mount that the agent
  says it has forgotten (fusescope_mounts_forgotten_total), whose series begins anew.
- Buckets of a histogram are cumulative, and the last is its count.
- Of each mount, what has ended and what is in flight was sent. A scrape reads what has ended first
  and what was sent last, so that what moves meanwhile is missing on the right side; counted twice is
  only what a program is just ending, one at most for each CPU.
- Of mounts at rest, what was sent and has neither ended nor is in flight was counted as lost: one is
  at rest if nothing was in flight, and nothing was sent since the scrape before the last.

Uses nothing but Python's own library, so that any test may import it."""

import os
import re
import time

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")
EACH_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
BOUND = re.compile(r',?le="([^"]*)"$')
PARTS = {"histogram": ("_bucket", "_count", "_sum"), "summary": ("", "_count", "_sum"),
         "counter": ("",), "gauge": ("",), "untyped": ("",)}

# What can become of a request beside its end; duration_rows: it has ended, and was not timed.
LOST_REQUESTS = ("inflight_full", "never_ended", "killed", "unmounted", "duration_rows")


class Exposition:
    """One text, read: series is by name and labels, as they are written."""

    def __init__(self, text):
        self.series = {}   # (name, labels) -> value
        self.types = {}    # by family
        self.growing = {}  # the series that may not go down -> value
        self.buckets = {}  # (family, labels) -> [(bound, value)]
        helped, family, ended = set(), None, set()
        assert not text or text.endswith("\n"), "the last line has no end"
        for line in text.split("\n")[:-1]:
            if line.startswith("# HELP "):
                name = line.split(" ", 3)[2]
                assert name not in helped, f"a second HELP of {name}"
                helped.add(name)
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name not in self.types, f"a second TYPE of {name}"
                assert name in helped, f"{name} has no HELP"
                assert kind in PARTS, f"{name} is a {kind}"
                self.types[name] = kind
                ended.add(family)
                family = name
            elif line and not line.startswith("#"):
                self._sample(line, family, ended)

    def _sample(self, line, family, ended):
        match = SAMPLE.fullmatch(line)
        assert match, f"not a line of the text format: {line[:300]!r}"
        name, labels, value = match[1], match[2] or "", float(match[3])
        assert family and name.startswith(family) and \
            name[len(family):] in PARTS[self.types[family]], \
            f"{name} stands among {family}" if name not in ended else f"{name} stands apart"
        key = (name, labels)
        assert key not in self.series, f"{shown(key)} comes twice: {self.series[key]}, then {value}"
        self.series[key] = value
        kind = self.types[family]
        if kind in ("counter", "histogram"):
            assert value >= 0, f"{shown(key)} is {value}"
            self.growing[key] = value
        if kind == "histogram" and name == family + "_bucket":
            bound = BOUND.search(labels)
            assert bound, f"{shown(key)} has no le"
            of = (family, labels[:bound.start()])
            self.buckets.setdefault(of, []).append((float(bound[1]), value))

    def by_mount(self, name):
        """The sum of the series of each mount."""
        sums = {}
        for (series, labels), value in self.series.items():
            if series == name:
                parsed = dict(EACH_LABEL.findall(labels))
                mount = (parsed.get("mountpoint"), parsed.get("fstype"))
                sums[mount] = sums.get(mount, 0) + value
        return sums

    def value(self, name, labels=""):
        return self.series.get((name, labels), 0)

    def lost(self):
        return sum(self.value("fusescope_lost_events_total", f'reason="{reason}"')
                   for reason in LOST_REQUESTS)

    def check_histograms(self):
        for (family, labels), buckets in self.buckets.items():
            key = shown((family, labels))
            for (bound, value), (next_bound, next_value) in zip(buckets, buckets[1:]):
                assert bound < next_bound, f"{key}: le {next_bound} comes after {bound}"
                assert value <= next_value, \
                    f"{key}: bucket {next_bound} has {next_value}, {bound} has {value}"
            assert buckets[-1][0] == float("inf"), f"{key} has no bucket +Inf"
            count = self.series.get((family + "_count", labels))
            assert buckets[-1][1] == count, f"{key}: +Inf has {buckets[-1][1]}, count is {count}"
            assert (family + "_sum", labels) in self.series, f"{key} has no sum"


def shown(key):
    name, labels = key
    return f"{name}{{{labels}}}" if labels else name


class Account:
    """The requests of each mount in one exposition."""

    def __init__(self, exposition, taken):
        self.taken = taken  # by time.monotonic(), when it was there already
        self.sent = exposition.by_mount("fuse_requests_sent_total")
        self.ended = exposition.by_mount("fuse_request_duration_seconds_count")
        self.in_flight = exposition.by_mount("fuse_requests_in_flight")
        self.oldest = exposition.by_mount("fuse_oldest_request_age_seconds")
        self.lost = exposition.lost()

    def unaccounted(self, mount):
        return self.sent[mount] - self.ended.get(mount, 0) - self.in_flight.get(mount, 0)


class Checker:
    """Of one process of the agent; to be made when that has begun. Each check() raises
    AssertionError with the series and both values."""

    def __init__(self):
        self.began = time.monotonic()
        self.checks = 0
        self.highest = {}   # of every growing series ever seen
        self.present = set()
        self.accounts = []  # of the last two
        self.forgotten = 0

    def check(self, text):
        exposition = Exposition(text)
        exposition.check_histograms()
        self._check_growth(exposition)
        self._check_accounts(Account(exposition, time.monotonic()), exposition)
        self.checks += 1
        return exposition

    def _check_growth(self, exposition):
        forgotten = exposition.value("fusescope_mounts_forgotten_total")
        for key, value in exposition.growing.items():
            before = self.highest.get(key, 0)
            begins_anew = key not in self.present and self.forgotten < forgotten
            assert value >= before or begins_anew, \
                f"{shown(key)} went down from {before} to {value} (scrape {self.checks + 1})"
            self.highest[key] = value
        if self.forgotten < forgotten:  # any that is away may be one of these
            self.highest = dict(exposition.growing)
        self.forgotten = forgotten
        self.present = set(exposition.growing)

    def _may_have_earlier(self, account, mount):
        """Whether requests that were sent before the agent began may be in flight: they are as old
        as the agent, and were not counted as sent."""
        if not self.accounts:
            return True
        return account.oldest.get(mount, 0) >= self.accounts[-1].taken - self.began

    def _check_accounts(self, account, exposition):
        was_renamed = exposition.value("fusescope_mounts_renamed_total") > 0
        cpus = os.cpu_count() or 1
        for mount, sent in account.sent.items():
            ended, in_flight = account.ended.get(mount, 0), account.in_flight.get(mount, 0)
            if was_renamed:  # sent under one name and ended under the other
                break
            assert ended <= sent, f"{mount}: {ended} have ended, {sent} were sent"
            assert ended + in_flight <= sent + cpus or self._may_have_earlier(account, mount), \
                f"{mount}: {ended} have ended, {in_flight} are in flight, {sent} were sent"
        at_rest = [mount for mount in account.sent if self._is_at_rest(account, mount)]
        unaccounted = {mount: account.unaccounted(mount) for mount in at_rest}
        assert sum(unaccounted.values()) <= account.lost or was_renamed, \
            (f"sent, and neither ended nor in flight: "
             f"{ {mount: count for mount, count in unaccounted.items() if count} }, "
             f"and {account.lost} were lost")
        self.accounts = [*self.accounts[-1:], account]

    def _is_at_rest(self, account, mount):
        """Any request that was not read as ended this time was in flight all through the last scrape:
        so that, as nothing was, each has been read as ended if it has not been lost."""
        if len(self.accounts) < 2:
            return False
        before, last = self.accounts
        return before.sent.get(mount) == account.sent[mount] == last.sent.get(mount) and \
            not last.in_flight.get(mount) and not account.in_flight.get(mount)

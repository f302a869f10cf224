# SPDX-License-Identifier: Apache-2.0
"""What the counting filesystems have received, held against what the agent says was sent.

A request that was sent is received, or ends with ECONNABORTED because its connection is gone, or is
taken back when its thread is killed before the daemon took it: then the agent counts it as lost. One
that the daemon had received when its connection went is aborted, too; the filesystem counts its reply
as refused. So, for each mount,

    sent - aborted = received - refused replies + taken back
"""

import dataclasses
import threading

# Requests that are none of their own to the kernel: no reply, no struct fuse_req.
NOT_REQUESTS = ("forget", "batch_forget", "interrupt")

# How far the accounts of a mount go.
EXACT = "exact"            # to the request, by its label, or else "unknown"
ELSEWHERE = "elsewhere"    # of another namespace: what was sent before it was found is "unknown"
TAKEN_BACK = "taken back"  # readers were killed: together with what the agent counts as lost
KILLED = "killed"          # the daemon was killed while it served: it says no more what it received

# Why the agent counts requests as lost that no daemon received.
TAKEN_BACK_REASONS = ("killed", "never_ended", "unmounted")
SHARED_LABELS = ("unknown", "other")


def received(stats):
    """Requests of a filesystem's report that it received, and whose reply was not refused."""
    requests = sum(counts["requests"] for name, counts in stats["opcodes"].items()
                   if name not in NOT_REQUESTS)
    return requests - stats["refused_replies"]


@dataclasses.dataclass
class Told:
    """What the agent has said, in all scrapes together."""
    sent: dict = dataclasses.field(default_factory=dict)     # by label
    aborted: dict = dataclasses.field(default_factory=dict)  # by label
    lost: dict = dataclasses.field(default_factory=dict)     # by reason
    foreign: set = dataclasses.field(default_factory=set)    # labels of mounts that are not ours

    def net(self, label):
        return self.sent.get(label, 0) - self.aborted.get(label, 0)


class Ledger:
    """Filled by the actors; labels are mountpoints, several servers may have had the same."""

    def __init__(self):
        self.lock = threading.Lock()
        self.truth = {}  # label: requests
        self.kinds = {}  # label: how far its accounts go
        self.servers = 0

    def add(self, label, requests, kind):
        with self.lock:
            self.truth[label] = self.truth.get(label, 0) + requests
            self.kinds[label] = kind
            self.servers += 1

    def labels(self, *kinds):
        return [label for label, kind in self.kinds.items() if kind in kinds]

    def wrong(self, told):
        """(label, received, told) of each mount of which the agent tells what was not received; of
        a daemon that was killed, less than it had received."""
        wrong = [(label, self.truth[label], told.net(label))
                 for label in self.labels(EXACT) if told.net(label) > self.truth[label]]
        wrong += [(label, self.truth[label], told.sent.get(label, 0))
                  for label in self.labels(KILLED)
                  if told.sent.get(label, 0) < self.truth[label]]
        return wrong

    def unnamed(self, told):
        """(label, received, told) of each mount of which less is told than was received: one that
        comes and goes between two scrapes is "unknown"."""
        return [(label, self.truth[label], told.net(label)) for label in self.labels(EXACT)
                if told.net(label) < self.truth[label]]

    def totals(self, told):
        """Of all but the killed ones: received, and what the agent says. Beside foreign mounts nobody
        knows whose the shared labels' are."""
        labels = self.labels(EXACT, ELSEWHERE, TAKEN_BACK)
        shared = sum(told.net(label) for label in SHARED_LABELS)
        taken_back = sum(told.lost.get(reason, 0) for reason in TAKEN_BACK_REASONS)
        return {"received": sum(self.truth[label] for label in labels),
                "sent": sum(map(told.net, labels)) + shared, "shared": shared,
                "taken_back": taken_back, "servers": self.servers,
                "unnamed": sum(truth - said for _, truth, said in self.unnamed(told)),
                "lost": told.lost, "foreign": sorted(told.foreign)}

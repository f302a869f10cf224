# SPDX-License-Identifier: Apache-2.0
"""What `fusescope stat --json` says, and what the counting filesystem has to say of the same files."""

from harness import difference

DATA_OPS = ("read", "write")
NOT_SEEN = ("forget", "batch_forget", "interrupt")  # no struct fuse_req
DIRECTORY = "."
NOTHING = {"requests": 0, "bytes": 0, "pages": 0}


class Stat:
    """The report of one run, as JSON."""

    def __init__(self, report, mountpoint):
        self.whole = report
        found = [m for m in report["mounts"] if m["mountpoint"] == mountpoint]
        assert len(found) == len(report["mounts"]) <= 1, "only this mount had I/O"
        self.mount = found[0] if found else {"calls": [], "requests": []}

    def hooks_functions(self):
        return {r["role"]: r["state"] for r in self.whole["roles"]}["call"] != "estimate"

    def requests(self):
        return {r["op"]: r for r in self.mount["requests"]}

    def data(self, op):
        row = self.requests().get(op, {})
        return {key: row.get(key, 0) for key in ("requests", "bytes", "pages")}

    def calls(self, op, mode):
        found = [c for c in self.mount["calls"] if (c["op"], c["mode"]) == (op, mode)]
        assert len(found) == 1, self.mount["calls"]
        return found[0]


def of_files(filesystem, *names):
    """What the filesystem received, by opcode, for these files together."""
    counts = {}
    files = filesystem.stats()["files"]
    for name in names:
        for op, row in files.get(name, {}).items():
            mine = counts.setdefault(op, dict(NOTHING))
            for key in mine:
                mine[key] += row.get(key, 0)
    return counts


def of_command(filesystem):
    """Those that only the command uses, once the others have looked up and opened theirs."""
    return of_files(filesystem, "data", DIRECTORY)


def check_exact(report, now, before, keys=tuple(NOTHING)):
    """Every opcode of the file, to the request, page and byte. RELEASE names no thread: where no
    function is hooked, one that a thread of the daemon sends is nobody's."""
    for op in {*now, *report.requests()} - {*NOT_SEEN}:
        counts = difference(now.get(op, NOTHING), before.get(op, NOTHING))
        seen = {key: report.requests().get(op, NOTHING)[key] or 0 for key in keys}
        if op == "release" and not report.hooks_functions():
            assert seen["requests"] <= counts["requests"]
        else:
            assert seen == {key: counts[key] for key in keys}, op

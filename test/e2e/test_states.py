# SPDX-License-Identifier: Apache-2.0
"""What each mount does, in one word: the same on every screen. A mount for each state, one agent and
two `top` for all of it; what hangs is stopped first, so that nothing waits for its age."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import types
import urllib.request

import pytest

from harness import AGENT, SGIO, Agent, Countfs, end, wait_for
from test_top import Terminal, tables

HUNG_AFTER = 4.0
RANKS = {"idle": 0, "ok": 1, "busy: metadata": 2, "slow": 3, "failing": 4, "split": 5, "hung": 6}
STAT = "import os, sys, time\nwhile True:\n    os.stat(sys.argv[1])\n    time.sleep(0.005)"
SMALL = ("--segments", "1", "--same")
# The state, options of the filesystem, of the load; what its detail has.
MOUNTS = {
    "hung": ((), None, "1 request without a reply, the oldest for "),
    "split": (("--max-pages", "32"), (), "limited max_pages"),
    "failing": (("--error-every", "3", "--error", "ENOSPC"), ("--keep-going",), "read ENOSPC"),
    "slow": (("--reply-delay-ms", "1300", "--threads", "5"), ("--threads", "4", *SMALL),
             "read p99 2.1 s"),
    "busy: metadata": (("--attr-timeout", "0"), STAT, "lookup"),
    "ok": ((), (), ""),
    "idle": ((), None, ""),
}


def start_load(path, load):
    if load is STAT:
        command = [sys.executable, "-c", STAT, path]
    else:
        command = [SGIO, "--direct", "--duration", "300", "--pause-us", "20000", *load, path]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def run(stack, process):
    stack.callback(end, process)
    return process


def resume(filesystem):
    filesystem.process.send_signal(signal.SIGCONT)


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """The agent, both `top`, and the mounts by their state."""
    directory = tmp_path_factory.mktemp("states")
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="states-"))
        mounts = {}
        for number, (state, (options, load, _)) in enumerate(MOUNTS.items()):
            (directory / str(number)).mkdir()
            mounts[state] = Countfs(directory / str(number), *options, mountpoint=f"{place}/{number}")
            stack.callback(mounts[state].stop)
            if load is not None:
                run(stack, start_load(mounts[state].path(), load))
        agent = Agent(f"--hung-after={HUNG_AFTER}", log=directory / "agent.log")
        stack.callback(agent.stop)
        top = ["top", "-d", "1", f"--hung-after={HUNG_AFTER}"]
        text = directory / "top.txt"
        with open(text, "wb") as output:
            run(stack, subprocess.Popen([AGENT, *top], stdout=output))
        screen = Terminal(" ".join(map(str, [AGENT, *top])), width=80, height=24)
        stack.callback(screen.stop)
        wait_for(text.read_text, "a first table")
        screen.shows("^fusescope top ")
        mounts["hung"].process.send_signal(signal.SIGSTOP)
        stack.callback(resume, mounts["hung"])
        reader = run(stack, subprocess.Popen(["dd", f"if={os.fsdecode(mounts['hung'].path())}",
                                              "of=/dev/null", "bs=4k", "count=1", "iflag=direct"],
                                             stderr=subprocess.DEVNULL))
        yield types.SimpleNamespace(agent=agent, mounts=mounts, text=text, screen=screen,
                                    reader=reader)
        resume(mounts["hung"])


def on_page(seen):
    """/api/mounts by state: of each of the mounts what the page shows."""
    with urllib.request.urlopen(seen.agent.url + "/api/mounts", timeout=10) as response:
        found = {each["mountpoint"]: each for each in json.load(response)["mounts"]}
    return {state: found[mount.label] for state, mount in seen.mounts.items()}


def in_metrics(seen):
    scrape = seen.agent.scrape()
    return {state: [s.value for s in scrape.select("fuse_mount_state", mountpoint=mount.label)]
            for state, mount in seen.mounts.items()}


def in_table(seen):
    """The rows of the latest whole table; of a mount that is not in it an empty one."""
    found = tables(seen.text.read_text().rpartition("\n\n")[0])
    by_label = {row["MOUNT"]: row for row in (found[-1][1] if found else ())}
    nothing = {"STATE": "", "WHY": ""}
    return {state: by_label.get(mount.label, nothing) for state, mount in seen.mounts.items()}


def on_screen(seen):
    """The lines of the screen, with their attributes, by state; all of them must be there."""
    lines = seen.screen.tmux("capture-pane", "-p", "-e").splitlines()
    return {state: next((at, line) for at, line in enumerate(lines)
                        if mount.label[-8:] + " " in re.sub(r"\x1b\[[\d;]*m", "", line))
            for state, mount in seen.mounts.items()}


def test_page_and_api_tell_each_state(seen):
    def all_told():
        page = on_page(seen)
        return all(page[state]["state"] == state and page[state]["window_seconds"]
                   for state in MOUNTS) and page

    page = wait_for(all_told, "each state in /api/mounts")
    for state, (_, _, detail) in MOUNTS.items():
        assert page[state]["state_rank"] == RANKS[state]
        assert detail in (page[state]["state_detail"] or "")
    assert page["hung"]["in_flight"] == 1 and page["hung"]["oldest_seconds"] > HUNG_AFTER
    assert page["hung"]["oldest_is_older"] is False
    assert 2 < page["slow"]["latency"]["p99_seconds"] < 2.2
    assert page["slow"]["latency"]["mean_seconds"] > 0.1
    assert page["failing"]["rates"]["errors_per_second"] > 0
    assert page["failing"]["errors"][0]["error"] == "ENOSPC"
    assert {each["op"] for each in page["busy: metadata"]["opcodes"]} <= {"lookup", "getattr"}
    assert page["idle"]["oldest_seconds"] is None and page["idle"]["in_flight"] == 0


def test_metrics_tell_each_state_as_one_series(seen):
    wait_for(lambda: in_metrics(seen) == {state: [RANKS[state]] for state in MOUNTS},
             "each state in fuse_mount_state")


def test_table_tells_each_state(seen):
    """And why: in a second in which no read of the slow mount ends, that is one in flight."""
    def all_told():
        rows = in_table(seen)
        return all(rows[state]["STATE"] == state and detail in rows[state]["WHY"]
                   for state, (_, _, detail) in MOUNTS.items()) and rows

    rows = wait_for(all_told, "each state in a plain table")
    assert rows["hung"]["FLIGHT"] == "1" and rows["hung"]["OLDEST"] != "-"
    assert list(rows.values()).index(rows["hung"]) == 0


def test_screen_of_80_columns_has_what_hangs_on_top_in_red(seen):
    seen.screen.shows(r"hung +\d\S* +1 ")
    lines = wait_for(lambda: (found := on_screen(seen)) and all(
        f" {state} " in re.sub(r"\x1b\[[\d;]*m", "", found[state][1]) for state in MOUNTS) and found,
        "each state on the screen")
    order = sorted(MOUNTS, key=lambda state: lines[state][0])
    assert order == sorted(MOUNTS, key=lambda state: -RANKS[state]), "the worst first"
    assert re.search(r"\x1b\[(?:\d+;)*31m", lines["hung"][1])
    assert not re.search(r"\x1b\[(?:\d+;)*31m", lines["slow"][1])
    assert re.search(r"^MOUNT +STATEv +OLDEST +FLIGHT +VERDICT", seen.screen.screen(), re.M)


def test_what_began_before_top_is_no_loss(seen):
    """Reads of the slow mount were in flight when it attached."""
    first, last = (seen.text.read_text().split("\n\n")[at].splitlines()[0] for at in (0, -2))
    assert re.search(r"lost events \d+ \(and [1-9]\d* begun before top\)$", last), (first, last)


def test_what_goes_on_again_hangs_no_more(seen):
    resume(seen.mounts["hung"])
    assert seen.reader.wait(20) == 0
    wait_for(lambda: on_page(seen)["hung"]["state"] in ("ok", "idle"), "the page")
    wait_for(lambda: in_metrics(seen)["hung"][0] <= RANKS["ok"], "the metric")
    wait_for(lambda: in_table(seen)["hung"]["STATE"] in ("ok", "idle"), "the table")

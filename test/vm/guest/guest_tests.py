# SPDX-License-Identifier: Apache-2.0
"""Tests that only guests run."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

import pytest

import workloads
from harness import AGENT, SGIO, data_requests, raised_limit, sgio, wait_for
from shared import WORK, SharedAgent
from stat_report import Stat, check_exact, of_command, of_files
from test_top import tables
from waiting_io import WaitingIo, connections

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


def skipped(agent):
    """Programs of this agent that the kernel skipped; as it counts them: an end may be missing."""
    return agent.scrape_all().maybe("fusescope_lost_events_total", reason="recursion")


@pytest.mark.parametrize("count", [1, 8, 40])
def test_hung_before_the_agent(agent, mount, count):
    """What waits for a stopped daemon is in flight for an agent that is started then: requests, and
    threads that may send none yet; as many as the kernel says."""
    filesystem = mount("--attr-timeout", "600", "--max-background", "12", name="hung")
    names = ("fuse_requests_in_flight", "fuse_waiting_requests", "fuse_oldest_request_age_seconds")

    def shown():
        scrape = later.scrape()
        return [scrape.total(name, mountpoint=filesystem.label) for name in names]

    with connections() as control:
        waiting = WaitingIo(filesystem, control, *((count - 1, 1) if count > 1 else (1,)))
        later = SharedAgent(*agent.options, log=WORK / "later.log")
        try:
            in_flight, told, age = shown()
            assert in_flight == told == waiting.waiting() == count and age > 0
            waiting.go_on()
            wait_for(lambda: shown() == [0, 0, 0] or skipped(later), "nothing in flight")
        finally:
            waiting.clear()
            assert later.stop() == 0


def test_limit_of_the_host_is_followed(agent, mount):
    """While programs run, by those of each mode; a connection keeps what it has negotiated."""
    filesystem = mount(*workloads.LIMITS[256])
    with raised_limit() as pages:
        agent.scrape()
        sgio(filesystem.path(), "--direct", *workloads.LARGE, "--calls", CALLS)
        scrape = agent.scrape()
    labels = {"mountpoint": filesystem.label, "op": "read", "mode": "direct"}
    assert scrape.total("fuse_io_requests_sum", **labels) == CALLS * 4
    assert scrape.total("fuse_io_minimum_requests_total", **labels) == CALLS * 4 * 256 // pages


def test_requests_come_over_io_uring(agent, mount):
    filesystem = mount()
    sgio(filesystem.path(), "--direct", "--calls", CALLS)
    assert data_requests(agent.scrape(), filesystem.label, "read") == filesystem.counts("read")
    stats = filesystem.stats()
    assert stats["ring_requests"] >= stats["opcodes"]["read"]["requests"] == CALLS


@contextlib.contextmanager
def io_of_others(filesystem):
    """On another file of the mount, all the time."""
    with subprocess.Popen([SGIO, "--direct", "--engine", "aio", "--duration", "300", "--pause-us",
                           "1000", "--same", filesystem.path("other")],
                          stdout=subprocess.DEVNULL) as driver:
        wait_for(lambda: "read" in of_files(filesystem, "other"), "I/O of others")
        yield
        assert driver.poll() is None, "others did I/O to the end"
        driver.kill()


# Options of sgio, by operation and mode; the shell runs them as its children, the first two at once.
COMMANDS = (
    ("read", "direct", "--direct --engine vector &"),
    ("read", "direct", "--direct --engine aio --queue-depth 2; wait"),
    ("read", "direct", "--direct --engine uring"),
    ("write", "direct", "--direct --op write"),
    ("write", "buffered", "--engine stream --op write --segments 1 --segment-bytes 1M"),
    ("read", "buffered", "--engine stream --segments 1 --segment-bytes 1M"),
)
# Others begin when all is attached, and end before it is detached: functions that are in use while
# their first bytes are patched have crashed emulated processors.
SCRIPT = ("until [ -e go ]; do sleep 0.1; done\n"
          + "\n".join(f'"$1" "$2" --threads 2 --calls 4 {options}' for _, _, options in COMMANDS)
          + "\ntouch done; until [ -e end ]; do sleep 0.1; done")


def report_of(agent, filesystem, directory):
    """The report on the script, with the hooks that the agent uses, and the counts from before it."""
    report = directory / "report.json"
    with subprocess.Popen([AGENT, "stat", *agent.options, "--json", "-o", report, "--", "sh", "-c",
                           SCRIPT, "sh", SGIO, filesystem.path()],
                          stdout=subprocess.DEVNULL, cwd=directory) as counting:
        wait_for(lambda: counting.poll() is not None or is_running_a_child(counting), "stat")
        with io_of_others(filesystem):
            before = of_command(filesystem)
            (directory / "go").touch()
            wait_for((directory / "done").exists, "the script")
        (directory / "end").touch()
        assert counting.wait(120) == 0
    return Stat(json.loads(report.read_text()), filesystem.label), before


def is_running_a_child(process):
    return pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text() != ""


def test_stat(agent, mount):
    filesystem = mount("--file", "other:4M", *workloads.LIMITS[32])
    with tempfile.TemporaryDirectory() as directory:
        report, before = report_of(agent, filesystem, pathlib.Path(directory))
    if "recursion" in report.whole["lost"]:
        return  # this kernel skips programs, and the report says so
    assert report.whole["lost"] == {}
    check_exact(report, of_command(filesystem), before)
    for op, mode, count in (("read", "direct", 24), ("write", "direct", 8),
                            ("write", "buffered", 8)):
        calls = report.calls(op, mode)
        assert calls["calls"] == count == calls["split_calls"]
        assert calls["requests"] == 8 * count
        assert calls["requests_per_call_max"] == 8


def trace_of(agent, filesystem, directory, *args):
    """Runs two threads' split reads and buffered writes under a trace: its lines, and requests."""
    output = directory / "trace"
    before = filesystem.stats()["opcodes"]
    with open(output, "wb") as lines:
        tracing = subprocess.Popen([AGENT, "trace", "--json", *agent.options, "--mount",
                                    filesystem.label, *args], stdout=lines,
                                   stderr=subprocess.DEVNULL)
    wait_for(lambda: tracing.poll() is not None or has_ring(tracing), "trace")
    sgio(filesystem.path(), "--direct", "--threads", 2, "--calls", 4)
    sgio(filesystem.path(), "--buffered", "--op", "write", "--calls", 4)
    tracing.send_signal(signal.SIGINT)
    assert tracing.wait(120) == 0
    found = [json.loads(line) for line in output.read_text().splitlines()]
    last = found.pop()
    assert (last["events"], last["dropped"]) == (len(found), 0)
    if last["skipped"]:
        return None, None  # this kernel skips programs, and the trace says so
    after = filesystem.stats()["opcodes"]
    return found, {op: after[op]["requests"] - before.get(op, {}).get("requests", 0)
                   for op in ("read", "write")}


def has_ring(process):
    """ring_buffer__new() makes an epoll, after all hooks are attached."""
    for each in pathlib.Path(f"/proc/{process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if "eventpoll" in os.readlink(each):
                return True
    return False


def test_trace(agent, mount):
    filesystem = mount(*workloads.LIMITS[32])
    with tempfile.TemporaryDirectory() as name:
        calls, sent = trace_of(agent, filesystem, pathlib.Path(name))
        if not sent:
            return
        for op, mode, count in (("read", "direct", 8), ("write", "buffered", 4)):
            found = [line for line in calls if (line["op"], line["mode"]) == (op, mode)]
            assert len(found) == count and sent[op] == 8 * count, found
            assert {(line["requests"], line["bytes"], line["cause"], line["comm"],
                     line["mountpoint"], line["offset"] % (1 << 20), line["syscall"], line["file"])
                    for line in found} == {
                (8, 1 << 20, "max_pages", "sgio", filesystem.label, 0, f"p{op}v", "data")}, found
            assert sum(line["pages"] for line in found) == count * 256
            assert all(line["latency_seconds"] > 0 for line in found)
        requests, sent = trace_of(agent, filesystem, pathlib.Path(name), "--requests")
    if not sent:
        return
    for op, count in sent.items():
        found = [line for line in requests if line["op"] == op]
        assert len(found) == count and {line["comm"] for line in found} == {"sgio"}, found
    assert len({line["unique"] for line in requests}) == len(requests)


def test_top(agent, mount):
    filesystem = mount(*workloads.LIMITS[32])
    with subprocess.Popen([AGENT, "top", "-p", "-d", "1", *agent.options], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as top:
        text = top.stdout.readline()  # its hooks are attached
        before = filesystem.counts("read")["requests"]
        sgio(filesystem.path(), "--direct", "--calls", 64, "--pause-us", 20000)
        time.sleep(2.5)
        counted = filesystem.counts("read")["requests"] - before
        top.send_signal(signal.SIGTERM)
        text += top.stdout.read()
    found = [(seconds, row) for seconds, rows in tables(text) for row in rows
             if row["COMMAND"] == "sgio" and row["REQ/s"] != "-"]
    seen = sum(float(row["REQ/s"]) * seconds for seconds, row in found)
    assert counted == 512 and counted - 1 <= seen <= counted + 20, (counted, text)
    busiest = max((row for _, row in found), key=lambda row: float(row["REQ/s"]))
    assert busiest["REQ/CALL"] == "8.0" and busiest["VERDICT"].startswith("limited max_"), busiest


def slots_of(workload):
    """Page slots of a call: as the table says, or what a page-aligned transfer takes."""
    return workload.slots or (1 if workload.name == "4-KiB" else 256)


@pytest.mark.parametrize("workload", [w for w in workloads.ALL
                                      if w.mode == "direct" and w.max_pages == 256], ids=str)
def test_virtiofs(agent, mount, workload):
    """virtiofsd tells no counts: what it gets follows from its limit and what sgio asked for."""
    directory = mount()
    driver = sgio(directory.path(), "--op", workload.op, "--calls", CALLS, *workload.sgio)
    scrape = agent.scrape()
    slots = slots_of(workload)
    requests = -(-slots // VIRTIOFS_MAX_PAGES)
    assert data_requests(scrape, directory.label, workload.op) == {
        "requests": CALLS * requests, "bytes": driver["asked_bytes"], "pages": CALLS * slots}
    labels = {"mountpoint": directory.label, "op": workload.op, "mode": "direct"}
    assert scrape.total("fuse_io_requests_count", **labels) == CALLS
    assert scrape.total("fuse_io_requests_sum", **labels) == CALLS * requests
    assert scrape.total("fuse_io_minimum_requests_total", **labels) == CALLS * workload.needed
    assert scrape.total("fuse_io_segments_total", **labels) == CALLS * workload.segments
    assert scrape.total("fuse_io_bytes_total", **labels) == driver["asked_bytes"]


@pytest.mark.parametrize("kib,verdict", [(384, "ok"), (1024, "limited")], ids=str)
def test_one_answer_virtiofs(agent, mount, kib, verdict):
    """A read that the queue holds in one request, and one that it does not: by stat and by the
    metrics; test_verify_virtiofs has the same of verify."""
    directory = mount()
    done = subprocess.run([AGENT, "stat", *agent.options, "--json", "--fail-on-split", "--", SGIO,
                           "--direct", "--calls", str(CALLS), "--engine", "plain", "--segments",
                           "1", "--segment-bytes", f"{kib}K", directory.path()],
                          capture_output=True, text=True, check=False, timeout=240)
    report = Stat(json.loads(done.stderr.splitlines()[-1]), directory.label)
    if "recursion" in report.whole["lost"]:
        return  # this kernel skips programs, and the report says so
    calls = report.calls("read", "direct")
    labels = {"mountpoint": directory.label, "op": "read", "mode": "direct"}
    scrape = agent.scrape()
    requests = scrape.total("fuse_io_requests_sum", **labels)
    minimum = scrape.total("fuse_io_minimum_requests_total", **labels)
    assert (calls["requests"], calls["minimum_requests"]) == (requests, minimum)
    assert minimum == CALLS
    assert report.whole["verdict"] == calls["verdict"] == verdict
    assert done.returncode == (requests > minimum) == (verdict == "limited")


def verify(agent, directory):
    """The report of `fusescope verify` with the agent's own way to hook, and its exit code."""
    hooks = [arg for arg in agent.process.args if str(arg).startswith("--hooks=")]
    done = subprocess.run([AGENT, "verify", "--json", "--timeout", "120", *hooks, directory.label],
                          capture_output=True, text=True, check=False, timeout=240)
    if done.returncode == 2 and " recursion" in done.stderr:
        return None, 2  # this kernel skips programs, and verify says so
    assert done.returncode in (0, 1) and done.stderr == "", done
    return json.loads(done.stdout), done.returncode


def check_verdict(report, requests, verdict, cause):
    """Of direct reads and writes, and buffered writes; all are as few as the limits of the mount
    allow."""
    if report is None:
        return
    assert {(op["op"], op["mode"], op["verdict"], op["cause"])
            for op in report["ops"] if op["decides"]} == {
        ("read", "direct", verdict, cause), ("write", "direct", verdict, cause),
        ("write", "buffered", verdict, cause)}
    direct = [shape for shape in report["shapes"] if shape["mode"] == "direct"]
    counted = {shape["shape"]: shape["requests"] for shape in direct}
    assert counted == requests
    for shape in direct:
        assert shape["requests"] == shape["expected_requests"], shape


def test_verify(agent, mount):
    report, code = verify(agent, mount(*workloads.LIMITS[256]))
    check_verdict(report, {"vectored": 1, "unaligned": 2, "single": 256, "buffer": 1}, "ok", None)
    assert code in (0, 2)
    report, code = verify(agent, mount(*workloads.LIMITS[32]))
    check_verdict(report, {"vectored": 8, "unaligned": 16, "single": 256, "buffer": 8}, "limited",
                  "max_pages")
    assert code in (1, 2)


def test_verify_virtiofs(agent, mount):
    report, code = verify(agent, mount())
    check_verdict(report, {"vectored": 3, "unaligned": 5, "single": 256, "buffer": 3}, "limited",
                  "max_pages")
    if report is None:
        return
    assert code == 1 and report["limits"]["max_pages"] == VIRTIOFS_MAX_PAGES
    assert "queue" in report["ops"][0]["remedy"]

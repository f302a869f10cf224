# SPDX-License-Identifier: Apache-2.0
"""fusescope trace: each call and request that countfs and sgio know of, once, or counted as dropped."""

import contextlib
import json
import os
import re
import signal
import subprocess

import pytest

from harness import AGENT, sgio, wait_for
from test_bad_input import refused

SPLITTING = ("--max-write", "128K", "--max-read", "128K")


class Trace:
    """A trace in the background: ready when its first lines come."""

    def __init__(self, directory, filesystem, *args):
        self.output = directory / f"trace-{len(list(directory.iterdir()))}"
        self.filesystem = filesystem
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen([AGENT, "trace", "--json", *args], stdout=output,
                                            stderr=subprocess.PIPE, text=True)
        wait_for(self.is_attached, "hooks attached")

    def is_attached(self):
        assert self.process.poll() is None, self.process.stderr.read()
        return any(b"bpf-map" in os.fsencode(name) or b"bpf_link" in os.fsencode(name)
                   for name in self.descriptors()) and self.has_epoll()

    def descriptors(self):
        directory = f"/proc/{self.process.pid}/fd"
        for each in os.listdir(directory):
            with contextlib.suppress(OSError):
                yield os.readlink(f"{directory}/{each}")

    def has_epoll(self):
        """ring_buffer__new() makes one, after all hooks are attached."""
        return any("eventpoll" in name for name in self.descriptors())

    def end(self):
        """The lines; what is said at the end is checked against them."""
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors
        *lines, last = map(json.loads, self.output.read_text().splitlines())
        assert last.keys() == {"kind", "events", "dropped", "skipped"} and last["events"] == len(lines)
        assert re.fullmatch(rf"{len(lines)} events, {last['dropped']} dropped\n", errors)
        self.dropped = last["dropped"]
        return lines


@pytest.fixture
def tracing(tmp_path):
    """tracing(filesystem, *args): a trace of its mount."""
    directory = tmp_path / "traces"
    directory.mkdir()
    started = []

    def start(filesystem, *args):
        started.append(Trace(directory, filesystem, "--mount", filesystem.label, *args))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()


def sum_of(lines, key):
    return sum(line[key] for line in lines)


@pytest.mark.parametrize("op", ["read", "write"])
def test_calls_that_are_split(mount, tracing, op):
    filesystem = mount(*SPLITTING)
    trace = tracing(filesystem)
    sgio(filesystem.path(), "--direct", "--engine", "vector", "--op", op, "--threads", 2, "--calls",
         8)
    lines = trace.end()
    assert trace.dropped == 0 and len(lines) == 16
    for line in lines:
        assert line["kind"] == "call" and line["mountpoint"] == filesystem.label
        assert (line["comm"], line["op"], line["mode"], line["cause"]) == ("sgio", op, "direct",
                                                                          "max_pages")
        assert (line["requests"], line["segments"], line["bytes"]) == (8, 256, 1 << 20)
        assert (line["syscall"], line["file"]) == (f"p{op}v", "data")
        assert line["latency_seconds"] > 0 and line["offset"] % (1 << 20) == 0
    assert len({line["offset"] for line in lines}) == 16
    assert len({line["tid"] for line in lines}) == 2 and len({line["pid"] for line in lines}) == 1
    for key in ("requests", "pages"):
        assert sum_of(lines, key) == filesystem.counts(op)[key]


def test_calls_that_are_whole(mount, tracing):
    filesystem = mount()
    trace = tracing(filesystem)
    sgio(filesystem.path(), "--direct", "--engine", "plain", "--segments", 1, "--segment-bytes",
         "4K", "--calls", 50)
    lines = trace.end()
    assert [(line["requests"], line["pages"], line["bytes"], line["segments"], line["cause"])
            for line in lines] == 50 * [(1, 1, 4096, 1, None)]
    assert {(line["syscall"], line["file"]) for line in lines} == {("pread64", "data")}
    assert [line["offset"] for line in lines] == [4096 * i for i in range(50)]


@pytest.mark.parametrize("op", ["read", "write"])
def test_buffered_calls(mount, tracing, op):
    filesystem = mount(*SPLITTING)
    trace = tracing(filesystem)
    sgio(filesystem.path(), "--buffered", "--engine", "stream", "--segments", 1, "--segment-bytes",
         "1M", "--op", op, "--calls", 4)
    lines = trace.end()
    assert len(lines) == 4
    assert {(line["mode"], line["op"], line["comm"], line["syscall"], line["file"])
            for line in lines} == {("buffered", op, "sgio", op, "data")}
    assert [line["offset"] for line in lines] == [i << 20 for i in range(4)]
    assert sum_of(lines, "bytes") == 4 << 20
    if op == "write":
        assert sum_of(lines, "requests") == filesystem.counts(op)["requests"] == 32
        assert sum_of(lines, "pages") == filesystem.counts(op)["pages"]


@pytest.mark.parametrize("engine,syscall", [
    ("aio", "io_submit"), ("uring", "io_uring"), ("stream", "read")])
def test_direct_calls_name_their_file(mount, tracing, engine, syscall):
    filesystem = mount()
    trace = tracing(filesystem)
    sgio(filesystem.path(), "--direct", "--engine", engine, "--segments", 1, "--calls", 8)
    assert [(line["syscall"], line["file"]) for line in trace.end()] == 8 * [(syscall, "data")]


def test_page_faults_are_no_call(mount, tracing):
    filesystem = mount()
    trace = tracing(filesystem)
    sgio(filesystem.path(), "--engine", "mmap", "--calls", 8)
    assert not trace.end() and filesystem.counts("read")["requests"]


def test_requests_of_every_opcode(mount, tracing):
    filesystem, other = mount(*SPLITTING), mount(name="other")
    before = filesystem.stats()["opcodes"]
    trace = tracing(filesystem, "--requests")
    for each in (filesystem, other):
        sgio(each.path(), "--direct", "--calls", 8)
        sgio(each.path(), "--buffered", "--op", "write", "--calls", 8)
        assert subprocess.run(["stat", os.path.join(each.mountpoint, b"none")], check=False,
                              capture_output=True).returncode
    lines = trace.end()
    for op, counts in filesystem.stats()["opcodes"].items():
        if op in ("forget", "batch_forget", "interrupt"):
            continue  # no struct fuse_req
        found = [line for line in lines if line["op"] == op]
        assert len(found) == counts["requests"] - before.get(op, {}).get("requests", 0), op
        if op in ("read", "write"):
            assert sum_of(found, "bytes") == counts["bytes"]
            assert sum_of(found, "pages") == counts["pages"]
            assert {line["comm"] for line in found} == {"sgio"}
    assert {line["mountpoint"] for line in lines} == {filesystem.label}
    assert [line["error"] for line in lines if line["op"] == "lookup"].count("ENOENT") == 1
    assert len({line["unique"] for line in lines}) == len(lines)


def test_filters(mount, tracing):
    filesystem = mount(*SPLITTING)
    whole = ("--direct", "--engine", "plain", "--segments", 1, "--segment-bytes", "4K")
    split = ("--direct", "--engine", "vector")
    expected = {(): 24, ("--split-only",): 8, ("--op", "write"): 8, ("--op", "read"): 16,
                ("--comm", "sgio"): 24, ("--comm", "sgi"): 0, ("--pid", str(os.getpid())): 0,
                ("--slower", "10000"): 0, ("--slower", "0.0001"): 24}
    traces = {args: tracing(filesystem, *args) for args in expected}
    sgio(filesystem.path(), *whole, "--calls", 8)
    sgio(filesystem.path(), *split, "--calls", 8)
    sgio(filesystem.path(), *whole, "--op", "write", "--calls", 8)
    assert {args: len(trace.end()) for args, trace in traces.items()} == expected


def test_one_process(mount, tracing):
    filesystem = mount()
    trace = tracing(filesystem, "--pid", str(os.getpid()), "--requests", "--op", "read")
    sgio(filesystem.path(), "--direct", "--calls", 8)
    with open(filesystem.path(), "rb", buffering=0) as file:
        assert len(file.read(4096)) == 4096
    lines = trace.end()
    assert lines and {line["pid"] for line in lines} == {os.getpid()}
    assert min(line["offset"] for line in lines) == 0


@pytest.mark.parametrize("buffer,drops", [((), False), (("--buffer-bytes", "4096"), True)],
                         ids=["default", "small"])
def test_a_flood_is_printed_or_counted(mount, tracing, buffer, drops):
    """Some 300,000 requests a second, where two processors do all of it."""
    filesystem = mount("--max-read", "4096", "--max-pages", "1", "--max-background", "1024")
    trace = tracing(filesystem, "--requests", "--op", "read", *buffer)
    sgio(filesystem.path(), "--direct", "--same", "--threads", 2, "--calls", 500)
    lines = trace.end()
    assert trace.dropped > 0 or not drops
    assert len(lines) + trace.dropped == filesystem.counts("read")["requests"] == 256000
    assert len({line["unique"] for line in lines}) == len(lines)


def test_ends_after_so_many_lines(mount, tracing):
    filesystem = mount()
    trace = tracing(filesystem, "--count", "5")
    sgio(filesystem.path(), "--direct", "--calls", 8)
    assert trace.process.wait(10) == 0
    assert len(trace.output.read_text().splitlines()) == 5 + 1


def test_ends_after_so_long(mount):
    done = subprocess.run([AGENT, "trace", "--duration", "0.2"], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0 and "OFFSET" in done.stdout
    assert re.fullmatch(r"\d+ events, 0 dropped\n", done.stderr)


def test_closed_pipe(mount):
    filesystem = mount()
    with subprocess.Popen([AGENT, "trace"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as trace:
        assert b"COMM" in trace.stdout.readline()
        trace.stdout.close()
        sgio(filesystem.path(), "--direct", "--calls", 8)
        assert trace.wait(10) == 0 and trace.stderr.read() == b""


def test_does_not_touch_the_mount(mount, tracing):
    filesystem = mount()
    before = filesystem.stats()["opcodes"]
    assert tracing(filesystem, "--requests").end() == []
    assert filesystem.stats()["opcodes"] == before


@pytest.mark.parametrize("args,words", [
    (["--mount", "/proc"], ["/proc", "findmnt"]),
    (["--comm", "sixteen-bytes-xx"], ["--comm", "15 bytes"]),
    (["--op", "getattr"], ["getattr", "--requests"]),
    (["--requests", "--op", "nonsense"], ["nonsense", "opcode"]),
    (["--requests", "--split-only"], ["--split-only", "--requests"]),
    (["--pid", "0"], ["--pid", "--help"]),
    (["--count", "x"], ["--count", "--help"]),
], ids=str)
def test_bad_arguments(args, words):
    refused([AGENT, "trace", *args], *words)

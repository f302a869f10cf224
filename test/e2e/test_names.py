# SPDX-License-Identifier: Apache-2.0
"""A mount path may hold any byte but NUL, and be long: it must not break the scrape, nor what looks at
it, and is called the same everywhere."""

import json
import os
import re
import socket
import subprocess
import time
import unicodedata
import urllib.request

import pytest

from harness import AGENT, SGIO, Agent, Countfs, Scrape, sgio
from test_trace import Trace

NAMES = {
    "space": (b"with space", "with space"),
    "newline": (b"two\nlines", "two\\x0alines"),
    "escape": (b"\x1b[2J\x07\x7f", "\\x1b[2J\\x07\\x7f"),
    "c1": ("\x9b2J".encode(), "\\xc2\\x9b2J"),
    "direction": ("a\u202eb\u2066c\u2028".encode(),
                  "a\\xe2\\x80\\xaeb\\xe2\\x81\\xa6c\\xe2\\x80\\xa8"),
    "quotes": (b'"double" and \'single\'', '"double" and \'single\''),
    "backslash": (b"back\\slash\\n", "back\\slash\\n"),
    "comma-and-brace": (b'a,b="c"}', 'a,b="c"}'),
    "utf-8": ("Grüße-日本".encode(), "Grüße-日本"),
    "not-utf-8": (b"bad-\xff\xfe-end", "bad-\\xff\\xfe-end"),
    "cut-utf-8": (b"cut-\xe6\x97", "cut-\\xe6\\x97"),
    "octal-look-alike": (b"x\\040y", "x\\040y"),
}


@pytest.mark.parametrize("name", NAMES)
def test_is_shown_and_counted(agent, mount, tmp_path, name):
    raw, label = NAMES[name]
    filesystem = mount(mountpoint=bytes(tmp_path) + b"/" + raw)
    sgio(filesystem.path(), "--direct", "--calls", "3")
    scrape = agent.scrape()
    assert scrape.total("fuse_io_requests_count", mountpoint=f"{tmp_path}/{label}",
                        op="read") == 3
    checked = subprocess.run(["promtool", "check", "metrics"], input=scrape.text.encode(),
                             capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


LABEL_BYTES = 256
HOSTILE = {"Cc", "Zl", "Zp"}  # categories of characters: controls, separators of lines
TURNING = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}


def long_path(directory, number, length=3800):
    """Of bytes that are not UTF-8, each of which is four in a label."""
    path = os.fsencode(directory) + b"/%02d" % number
    while len(path) < length:
        path += b"/" + b"\xff" * min(255, length - len(path) - 1)
    return path


def label_of(path):
    """By the rule of docs/metrics.md, for a path of ASCII and \\xff."""
    text = re.sub(rb"\xff", rb"\\xff", path).decode()
    if len(text) <= LABEL_BYTES:
        return text
    digest = 0xcbf29ce484222325
    for byte in path:
        digest = (digest ^ byte) * 0x100000001b3 % 2**64
    kept = re.match(r"(?:\\xff|[^\\])*", text[:LABEL_BYTES - 19]).group()
    return f"{kept}...{digest:016x}"


def hostile_characters(text):
    return [c for c in text if c != "\n" and (unicodedata.category(c) in HOSTILE
                                             or unicodedata.bidirectional(c) in TURNING)]


def fetch(agent, path="/metrics", **headers):
    request = urllib.request.Request(agent.url + path, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return response.read()


def test_a_long_one_is_cut_to_a_label_of_its_own(agent, mount, tmp_path):
    paths = [long_path(tmp_path, 0), long_path(tmp_path, 0) + b"\xff", long_path(tmp_path, 1, 400)]
    for calls, path in enumerate(paths, 1):
        sgio(mount(mountpoint=path).path(), "--direct", "--calls", calls)
    text = fetch(agent).decode()
    scrape = Scrape(text)
    labels = [label_of(path) for path in paths]
    assert len(set(labels)) == 3
    assert [scrape.total("fuse_io_requests_count", mountpoint=label, op="read")
            for label in labels] == [1, 2, 3]
    assert max(map(len, re.findall(rf'{re.escape(str(tmp_path))}/[^"]*', text))) < 2 * LABEL_BYTES
    shown = {each["mountpoint"] for each in json.loads(fetch(agent, "/api/mounts"))["mounts"]}
    assert set(labels) <= shown


def run_stat(filesystem, directory, *args):
    report = directory / "stat"
    subprocess.run([AGENT, "stat", *args, "--output", report, "--", SGIO, "--direct", "--calls", "1",
                    filesystem.path()], stdout=subprocess.DEVNULL, check=True)
    return report.read_text()


# As a terminal sees it, and with a name that is both hostile and long.
def test_every_command_calls_a_mount_the_same(mount, tmp_path):
    raw = long_path(tmp_path, 0, 700) + "/\x9b\u202e\x1b".encode()
    filesystem = mount(mountpoint=raw)
    label = json.loads(run_stat(filesystem, tmp_path, "--json"))["mounts"][0]["mountpoint"]
    assert label.startswith(label_of(raw)[:200]) and len(label) <= LABEL_BYTES
    assert label in run_stat(filesystem, tmp_path).replace("\n", "")
    top = subprocess.run([AGENT, "top", "-d", "0.2", "-n", "1"], capture_output=True, text=True,
                         check=True).stdout
    assert label in top and not hostile_characters(top)
    (tmp_path / "traces").mkdir()
    for name in (raw, label):
        trace = Trace(tmp_path / "traces", filesystem, "--mount", name)
        sgio(filesystem.path(), "--direct", "--calls", 2)
        assert [line["mountpoint"] for line in trace.end()] == [label] * 2
        assert not hostile_characters(trace.output.read_text())


def peak_megabytes(agent):
    with open(f"/proc/{agent.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1)) / 1024


def silent_clients(port, number, request):
    """From several addresses, because one may not have so many."""
    for i in range(number):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.bind((f"127.0.1.{1 + i // 60}", 0))
        client.connect(("127.0.0.1", port))
        client.sendall(request)
        yield client


@pytest.mark.slow
@pytest.mark.serial
def test_as_many_as_can_be_cost_little(tmp_path):
    """What a user who may mount can do to a scrape, and clients who ask and do not read."""
    agent = Agent(log=tmp_path / "log")
    filesystems = []
    try:
        for number in range(58):
            filesystems.append(Countfs(tmp_path, mountpoint=long_path(tmp_path, number),
                                       files=("data:1M",)))
            sgio(filesystems[-1].path(), "--direct", "--calls", 1)
        begin = time.monotonic()
        plain = len(fetch(agent))
        packed = len(fetch(agent, **{"Accept-Encoding": "gzip"}))
        took = time.monotonic() - begin
        peak = peak_megabytes(agent)
        print(f"{plain} bytes, {packed} with gzip, {took:.2f} s, {peak:.0f} MiB")
        assert plain < 58 * 600 * 1024 and packed < plain / 10
        assert took < 10
        assert peak < 128
        clients = list(silent_clients(agent.port, 240, b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"))
        assert len(fetch(agent)) > plain / 2, "answered after all of them"
        print(f"{peak_megabytes(agent):.0f} MiB with {len(clients)} that do not read")
        assert peak_megabytes(agent) < 192
        for client in clients:
            client.close()
    finally:
        for filesystem in filesystems:
            filesystem.stop()
        assert agent.stop() == 0

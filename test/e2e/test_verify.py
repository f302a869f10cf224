# SPDX-License-Identifier: Apache-2.0
"""fusescope verify: what it says of mounts whose limits are known, and that it leaves nothing."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import threading
import time

import pytest

from harness import AGENT, SGIO, end, wait_for
from test_bad_input import refused


def run_verify(filesystem, *args, code):
    """The report, as JSON; nothing is left on the mount."""
    done = subprocess.run([AGENT, "verify", "--json", *args, filesystem.label],
                          capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == code and done.stderr == "", done
    assert left_behind(filesystem) == []
    return json.loads(done.stdout)


def left_behind(filesystem):
    return [name for name in os.listdir(filesystem.label) if name.startswith(".fusescope")]


def count(filesystem, *args, code):
    """The same, without timing."""
    return run_verify(filesystem, "--no-timing", *args, code=code)


def verdicts(report, mode="direct"):
    return {op["op"]: (op["verdict"], op["cause"]) for op in report["ops"] if op["mode"] == mode}


def reasons(report):
    """Of what could not be tested."""
    return {f"{op['op']} {op['mode']}": op["reason"] for op in report["ops"] if not op["verdict"]}


def requests(report, shape, mode="direct"):
    return {s["op"]: s["requests"] for s in report["shapes"]
            if s["shape"] == shape and s["mode"] == mode}


def both(value):
    return {"read": value, "write": value}


def check_as_expected(report):
    for shape in report["shapes"]:
        if shape["mode"] == "direct":
            assert shape["requests"] == shape["expected_requests"], shape
        assert 0 < shape["bytes_per_second_low"] <= shape["bytes_per_second"], shape
        assert shape["bytes_per_second"] <= shape["bytes_per_second_high"], shape
    assert report["not_run"] == []


def test_as_few_as_the_host_allows(mount):
    report = run_verify(mount(), code=0)
    check_as_expected(report)
    assert report["verdict"] == "ok"
    assert verdicts(report) == both(("ok", None))
    assert report["judged_shape"] == "vectored"
    assert requests(report, "vectored") == both(1)
    assert requests(report, "unaligned") == both(2)
    assert requests(report, "single") == both(256)
    assert requests(report, "buffer") == both(1)
    assert report["limits"]["max_pages"] == 256
    assert verdicts(report, "buffered") == {"read": ("limited", "readahead_window"),
                                            "write": ("ok", None)}
    assert [key for op in report["ops"] for key in [(op["op"], op["mode"])] if not op["decides"]] \
        == [("read", "buffered")], "the readahead window is the host's, and direct reads are ok"
    for shape in report["shapes"]:
        if shape["shape"] == "vectored" and shape["mode"] == "direct":
            assert shape["pages_per_request"] == 256
            assert shape["speed_up"] > 1, "merged calls are faster than single ones"


LIMITED = {
    # options of the mount, requests by op, cause by op, the number to set, options after the remedy
    "max_pages": (("--max-pages", 32), both(8), both("max_pages"), "max_pages=256",
                  ("--max-pages", 256)),
    "max_read": (("--max-read", "64K"), {"read": 16, "write": 1},
                 {"read": "max_read", "write": None}, "max_read=1048576", ("--max-read", "1M")),
    "max_write": (("--max-write", "128K", "--max-pages", 256), {"read": 1, "write": 8},
                  {"read": None, "write": "max_write"}, "max_write=1048576",
                  ("--max-write", "1M")),
}


@pytest.mark.parametrize("case", LIMITED)
def test_limited_and_fixed(mount, case):
    options, expected, causes, number, fixed = LIMITED[case]
    filesystem = mount(*map(str, options))
    report = count(filesystem, code=1)
    check_as_expected(report)
    assert report["verdict"] == "limited"
    assert requests(report, "vectored") == expected
    assert {op["op"]: op["cause"] for op in report["ops"] if op["mode"] == "direct"} == causes
    for op in report["ops"]:
        if op["mode"] == "buffered":
            continue
        assert (number in (op["remedy"] or "")) == (op["cause"] is not None), op
        assert op["cause"] is None or filesystem.label in op["remedy"]
    assert filesystem.stop() == 0
    assert count(mount(*map(str, fixed)), code=0)["verdict"] == "ok"


def test_unaligned_buffers(mount):
    filesystem = mount()
    report = count(filesystem, "--unaligned", code=1)
    check_as_expected(report)
    assert report["judged_shape"] == "unaligned"
    assert verdicts(report) == both(("limited", "page_slots"))
    assert requests(report, "unaligned") == both(2)
    assert count(filesystem, code=0)["verdict"] == "ok"


def all_requests(report):
    """The requests that it must have sent in all, by what it says of each shape."""
    sums = {"read": 0, "write": 0}
    for shape in report["shapes"]:
        sums[shape["op"]] += shape["requests"] * (shape["counted"] + shape["rounds"])
    return sums


def received(filesystem):
    """READ and WRITE requests for the file of verify, of which no name is left."""
    stats = filesystem.stats()
    others = stats["files"]["other"]
    return {op: stats["opcodes"][op]["requests"] - others[op]["requests"]
            for op in ("read", "write")}


def test_is_exact_while_others_use_the_mount(mount):
    """Each request of the whole run is what it says, among those of others."""
    filesystem = mount("--max-pages", "32", files=("data:64M", "other:64M"))
    others = [subprocess.Popen([SGIO, "--duration", "100", "--direct", "--op", op, "--pause-us",
                                "2000", filesystem.path("other")], stdout=subprocess.DEVNULL)
              for op in ("read", "write")]
    try:
        wait_for(lambda: {"read", "write"} <= filesystem.stats()["files"].get("other", {}).keys(),
                 "the others' first requests")
        report = run_verify(filesystem, code=1)
    finally:
        for process in others:
            end(process)
    check_as_expected(report)
    assert requests(report, "vectored") == both(8)
    assert all_requests(report) == received(filesystem)


@pytest.mark.parametrize("how", ["--refuse-direct", "--refuse-direct-data"])
def test_without_direct_io(mount, how):
    report = count(mount(how), code=1)
    assert report["direct"] is False
    assert verdicts(report, "buffered") == {"read": ("limited", "readahead_window"),
                                            "write": ("ok", None)}
    assert requests(report, "vectored", "buffered")["read"] == 8
    assert verdicts(report) == both((None, None))
    for what in ("read direct", "write direct"):
        assert "Invalid argument" in reasons(report)[what] and "page cache" in reasons(report)[what]


def test_without_direct_io_and_with_writeback(mount):
    """What the page cache writes later says nothing of the calls."""
    report = count(mount("--refuse-direct", "--writeback-cache"), code=1)
    assert verdicts(report, "buffered") == {"read": ("limited", "readahead_window"),
                                            "write": ("idle", None)}


def test_a_daemon_that_has_all_io_direct(mount):
    report = count(mount("--refuse-direct", "--direct-io"), code=0)
    check_as_expected(report)
    assert report["direct"] is True
    assert [(op["op"], op["mode"], op["verdict"]) for op in report["ops"]] == [
        ("read", "direct", "ok"), ("write", "direct", "ok")]


def test_buffered_writes_where_direct_ones_are_ok(mount):
    report = count(mount("--no-big-writes"), code=1)
    assert verdicts(report) == both(("ok", None))
    assert verdicts(report, "buffered")["write"] == ("limited", "no_big_writes")
    assert requests(report, "vectored", "buffered")["write"] == 256


def test_a_daemon_that_lets_nobody_read_what_is_open_for_writing(mount):
    report = count(mount("--refuse-reads-of-writers"), code=0)
    check_as_expected(report)
    assert report["file"] is None and reasons(report) == {}


def received_writes(filesystem):
    return filesystem.stats()["opcodes"].get("write", {}).get("requests", 0)


def test_reads_where_nothing_can_be_written(mount):
    filesystem = mount("--write-error", "ENOSPC")
    report = count(filesystem, code=0)
    check_as_expected(report)
    assert report["file"] == "data" and verdicts(report)["read"] == ("ok", None)
    assert reasons(report).keys() == {"write direct", "write buffered"}
    assert all("No space left" in reason and "make room" in reason
               for reason in reasons(report).values())


def test_writes_where_nothing_can_be_read(mount):
    report = count(mount("--short-every", "1"), code=0)
    assert verdicts(report)["write"] == ("ok", None)
    assert "fewer bytes" in reasons(report)["read direct"]


def test_a_file_that_is_given(mount):
    """It is read, and nothing is written."""
    filesystem = mount("--max-pages", "32")
    path = os.fsdecode(filesystem.path())
    report = count(filesystem, "--file", path, code=1)
    assert report["file"] == path and verdicts(report)["read"] == ("limited", "max_pages")
    assert received_writes(filesystem) == 0
    assert all("--file" in reason for reason in reasons(report).values())


@pytest.mark.serial
def test_a_slow_mount(mount):
    """256 single calls take longer than there is time for; the verdict was had long before."""
    report = run_verify(mount("--reply-delay-ms", "20"), "--timeout", "4", code=0)
    assert verdicts(report) == both(("ok", None))
    assert {"op": "write", "mode": "direct", "shape": "single"}.items() <= [
        each for each in report["not_run"] if each["op"] == "write"][0].items()
    assert all("within 4 s" in each["reason"] for each in report["not_run"])


def digest(file):
    file.seek(0)
    return hashlib.file_digest(file, "sha256").digest()


def test_a_file_that_is_swapped_in(mount):
    """The own file's name leads to another: that one is neither written nor removed."""
    filesystem = mount("--reply-delay-ms", "30", files=("data:64M", "victim:8M"))
    with open(filesystem.path("victim"), "rb") as victim:
        before = digest(victim)
        process = subprocess.Popen([AGENT, "verify", "--no-timing", "--timeout", "4",
                                    filesystem.label], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        own = os.path.join(filesystem.label,
                           wait_for(lambda: left_behind(filesystem), "the file of verify")[0])
        os.rename(victim.name, own.encode())
        output, errors = process.communicate(timeout=30)
        assert digest(victim) == before
        assert os.path.samestat(os.stat(own), os.fstat(victim.fileno()))
    assert process.returncode == 0 and "Verdict: ok" in output, errors
    assert f"{own} may be left" in errors


def test_names_that_are_swapped_all_the_time(mount):
    """Whatever has the own file's name when it is opened: no other is written."""
    filesystem = mount("--reply-delay-ms", "2", files=("data:64M", "victim:8M"))
    ending = threading.Event()

    def swap(own):
        victim, aside = filesystem.path("victim"), filesystem.path("aside")
        while not ending.is_set():
            with contextlib.suppress(FileNotFoundError):
                for old, new in ((own, aside), (victim, own), (own, victim), (aside, own)):
                    os.rename(old, new)

    with open(filesystem.path("victim"), "rb") as victim:
        before = digest(victim)
        process = subprocess.Popen([AGENT, "verify", "--no-timing", "--timeout", "4",
                                    filesystem.label], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        own = wait_for(lambda: left_behind(filesystem), "the file of verify")[0]
        swapper = threading.Thread(target=swap, args=(filesystem.path(own),))
        swapper.start()
        process.wait(30)
        ending.set()
        swapper.join()
        assert digest(victim) == before
    assert process.returncode == 0


def test_text_for_people(mount):
    filesystem = mount("--max-pages", "32")
    done = subprocess.run([AGENT, "verify", "--no-timing", filesystem.label], capture_output=True,
                          text=True, check=False, timeout=90)
    assert done.returncode == 1 and done.stderr == ""
    assert done.stdout.endswith("\nVerdict: limited\n")
    assert max(map(len, done.stdout.splitlines()[1:])) <= 100
    assert [line.split() for line in done.stdout.splitlines() if "in one call" in line][0][:3] == [
        "read", "direct", "256"]


def test_stopped_by_a_signal(mount):
    filesystem = mount()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process = subprocess.Popen([AGENT, "verify", filesystem.label],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_for(lambda: left_behind(filesystem), "the file of verify")
        process.send_signal(number)
        assert process.wait(20) == 128 + number
        assert left_behind(filesystem) == []


def test_stopped_by_a_signal_in_a_long_order(mount):
    """The commands to a slow mount are not waited for, and the file is removed."""
    filesystem = mount("--reply-delay-ms", "100")
    process = subprocess.Popen([AGENT, "verify", filesystem.label],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: filesystem.counts("read")["requests"] > 20, "single calls")
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20) == ("", "")
    assert process.returncode == 128 + signal.SIGINT
    assert time.monotonic() - begin < 3
    assert left_behind(filesystem) == []


def test_stopped_by_a_signal_while_the_daemon_hangs(mount):
    filesystem = mount()
    process = subprocess.Popen([AGENT, "verify", filesystem.label],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        name = wait_for(lambda: left_behind(filesystem), "the file of verify")[0]
        filesystem.process.send_signal(signal.SIGSTOP)
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=10)
    finally:
        filesystem.process.send_signal(signal.SIGCONT)
    assert process.returncode == 128 + signal.SIGTERM
    assert len(errors.splitlines()) == 1 and f"{filesystem.label}/{name} may be left" in errors


def test_its_process_is_killed(mount):
    filesystem = mount()
    process = subprocess.Popen([AGENT, "verify", filesystem.label],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    name = wait_for(lambda: left_behind(filesystem), "the file of verify")[0]
    with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as children:
        os.kill(int(children.read()), signal.SIGKILL)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "was killed" in errors and f"{filesystem.label}/{name} may be left" in errors


def test_killed(mount):
    """The process that does the I/O removes the file when nobody sends it commands any more."""
    filesystem = mount()
    process = subprocess.Popen([AGENT, "verify", filesystem.label], stdout=subprocess.DEVNULL)
    wait_for(lambda: left_behind(filesystem), "the file of verify")
    process.kill()
    process.wait()
    wait_for(lambda: not left_behind(filesystem), "the file to be removed")


@pytest.mark.serial
@pytest.mark.parametrize("moment,timeout", [("before", "2"), ("during", "4")])
def test_gives_up_on_a_daemon_that_hangs(mount, moment, timeout):
    """A verdict on what was counted before would be of a mount that answers."""
    filesystem = mount("--reply-delay-ms", "0" if moment == "before" else "20")
    if moment == "before":
        filesystem.process.send_signal(signal.SIGSTOP)
    begin = time.monotonic()
    process = subprocess.Popen([AGENT, "verify", "--timeout", timeout, filesystem.label],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        if moment == "during":
            wait_for(lambda: filesystem.counts("read")["requests"] > 60, "single calls")
            filesystem.process.send_signal(signal.SIGSTOP)
        _, errors = process.communicate(timeout=30)
    finally:
        filesystem.process.send_signal(signal.SIGCONT)
    assert process.returncode == 2
    assert time.monotonic() - begin < 10
    assert len(errors.splitlines()) == 1 and "--timeout" in errors and filesystem.label in errors
    for name in left_behind(filesystem):
        assert name in errors, "what may be left is named"
        os.unlink(os.path.join(filesystem.label, name))
    if moment == "before":
        count(filesystem, code=0)


def test_no_operation_can_be_tested(mount):
    filesystem = mount("--error-every", "1", "--error", "ENOSPC")
    refused([AGENT, "verify", filesystem.label], filesystem.label, "nothing could be tested",
            "read from", "write to", "No space left", "room")
    assert left_behind(filesystem) == []


def test_an_operation_that_fails_at_times(mount):
    """It is left out, with its reason; the verdict is of what could be done."""
    report = count(mount("--error-every", "7", "--error", "EIO"), code=0)
    assert verdicts(report)["write"] == ("ok", None)
    failed = [*reasons(report).values(), *(each["reason"] for each in report["not_run"])]
    assert any("Input/output error" in reason for reason in failed), failed


def test_no_rights(mount):
    filesystem = mount()
    refused(["setpriv", "--inh-caps=-all", "--bounding-set=-all", AGENT, "verify",
             filesystem.label], "Operation not permitted", "CAP_BPF")
    refused(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", AGENT, "verify",
             filesystem.label], filesystem.label, "Permission denied", "allow_other")
    assert left_behind(filesystem) == []


def make_read_only(filesystem):
    # -i: not by the helper of fuse3, which knows no countfs.
    subprocess.run(["mount", "-i", "-o", "remount,ro", filesystem.label], check=True)


def test_read_only(mount):
    filesystem = mount()
    make_read_only(filesystem)
    report = count(filesystem, code=0)
    check_as_expected(report)
    assert report["file"] == "data" and verdicts(report)["read"] == ("ok", None)
    assert all("Read-only" in reason and "writable" in reason
               for reason in reasons(report).values())
    done = subprocess.run([AGENT, "verify", "--no-timing", filesystem.label], capture_output=True,
                          text=True, check=True, timeout=90)
    assert done.stdout.endswith("\nVerdict: ok, of reads alone\n")


def test_the_file_is_found_below(mount):
    filesystem = mount(files=("small:64K",))
    os.makedirs(os.path.join(filesystem.label, "one/two"))
    with open(os.path.join(filesystem.label, "one/two/large"), "wb") as file:
        file.write(bytes(3 << 20))
    make_read_only(filesystem)
    report = count(filesystem, code=0)
    assert report["file"] == "one/two/large"
    assert verdicts(report)["read"] == ("ok", None)


def test_what_is_not_a_fuse_directory(mount, tmp_path):
    filesystem = mount()
    refused([AGENT, "verify", str(tmp_path)], str(tmp_path), "not on a FUSE filesystem")
    refused([AGENT, "verify", str(tmp_path / "none")], "none", "No such file")
    refused([AGENT, "verify", filesystem.path().decode()], "data", "Not a directory")
    refused([AGENT, "verify"], "DIR", "--help")
    refused([AGENT, "verify", "--timeout", "0", str(tmp_path)], "--timeout")

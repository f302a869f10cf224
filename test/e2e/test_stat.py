# SPDX-License-Identifier: Apache-2.0
"""fusescope stat: exactly the requests of one command, while others do I/O on the same mount."""

import contextlib
import json
import os
import signal
import subprocess

import pytest

from harness import AGENT, SGIO, Agent, end, sgio, wait_for
from stat_report import DATA_OPS, NOTHING, Stat, check_exact, of_command, of_files
from test_bad_input import refused

SPLITTING = ("--max-write", "128K", "--max-read", "128K")


def run_stat(*args, code=0, **options):
    """Runs fusescope stat to its end."""
    done = subprocess.run([AGENT, "stat", *args], capture_output=True, text=True, check=False,
                          timeout=120, **options)
    assert done.returncode == code, done
    return done


@pytest.fixture
def counted(tmp_path):
    """counted(filesystem, command...): its report, checked against the filesystem. Nothing is lost,
    but that a call of io_uring is taken to have ended (docs/architecture.md) if its thread is given
    no processor for 100 ms; a machine that is busy has three attempts not to do that."""
    file = tmp_path / "report.json"

    def run_once(filesystem, *command, options=(), code=0, keys=tuple(NOTHING), **settings):
        before = of_command(filesystem)
        run_stat("--json", "-o", file, *options, "--", *command, code=code, **settings)
        report = Stat(json.loads(file.read_text()), filesystem.label)
        check_exact(report, of_command(filesystem), before, keys)
        return report

    def run(*command, **settings):
        for _ in range(3):
            report = run_once(*command, **settings)
            if report.whole["lost"].keys() != {"call_beginning"}:
                break
        assert report.whole["lost"] == {}
        return report

    return run


def is_used(counts):
    return {"read", "write"} <= counts.keys() and counts["open"]["requests"] == 4


@pytest.fixture
def busy(mount):
    """busy(*options): a mount on whose other file others read and write all the time: in whole or
    split calls, some thousand requests a second."""
    drivers = []

    def start(*options, files=("data:64M", "other:4M")):
        filesystem = mount(*options, files=files)
        for args in (["--direct", "--threads", "2"], ["--direct", "--engine", "aio"],
                     ["--op", "write", "--buffered"]):
            drivers.append(subprocess.Popen([SGIO, "--duration", "100", "--pause-us", "8000",
                                             "--same", *args, filesystem.path("other")],
                                            stdout=subprocess.DEVNULL))
        wait_for(lambda: is_used(of_files(filesystem, "other")), "I/O of others")
        return filesystem

    yield start
    for driver in drivers:
        assert driver.poll() is None, "others did I/O to the end"
        driver.kill()
        driver.wait()


def shell(script, filesystem):
    return ["sh", "-c", script, "sh", filesystem.path()]


COMMANDS = {
    "dd-direct": "dd if=$1 of=/dev/null bs=1M count=20 iflag=direct",
    "dd-buffered": "dd if=$1 of=/dev/null bs=1M",
    "dd-write": "dd if=/dev/zero of=$1 bs=1M count=8 conv=notrunc,fsync",
    "dd-write-direct": "dd if=/dev/zero of=$1 bs=1M count=8 conv=notrunc oflag=direct",
    "cp": "cp $1 /dev/null",
    "children": "for i in 1 2 3 4; do (dd if=$1 of=/dev/null bs=1M count=4 skip=$i iflag=direct; "
                "sh -c 'dd if=$0 of=/dev/null bs=4k count=2 iflag=direct' $1) & done; wait",
    "fio-libaio": "fio --name=j --filename=$1 --readonly --rw=randread --bs=256k --direct=1 "
                  "--ioengine=libaio --iodepth=16 --size=32M",
    "fio-io_uring": "fio --name=j --filename=$1 --readonly --rw=read --bs=1M --direct=1 "
                    "--ioengine=io_uring --iodepth=8 --size=32M --numjobs=2",
    "fio-buffered": "fio --name=j --filename=$1 --readonly --rw=read --bs=64k --ioengine=psync "
                    "--size=16M --thread --numjobs=2",
    "qemu-img-convert": "qemu-img convert -f raw -O raw -T none $1 $TMPDIR/copy",
    "qemu-img-bench": "qemu-img bench -f raw -t none -n -c 64 -d 8 -s 256k $1",
    "qemu-img-bench-write": "qemu-img bench -w -f raw -t none -c 64 -d 8 -s 64k $1",
}


@pytest.mark.parametrize("script", COMMANDS.values(), ids=COMMANDS.keys())
@pytest.mark.parametrize("options", [[], SPLITTING], ids=["256-pages", "32-pages"])
def test_counts_the_command_only(counted, busy, script, options, tmp_path):
    filesystem = busy(*options)
    # qemu probes with buffers that lie across two pages, which take two slots each.
    keys = ("requests", "bytes") if "qemu" in script else tuple(NOTHING)
    report = counted(filesystem, *shell(script, filesystem), keys=keys,
                     env={**os.environ, "TMPDIR": str(tmp_path)}, cwd=tmp_path)
    data = [report.data(op)["requests"] for op in DATA_OPS]
    assert sum(data) > 1
    assert report.whole["exit_code"] == 0 and report.whole["signal"] is None


@pytest.mark.parametrize("engine", ["plain", "vector", "stream", "aio", "uring"])
@pytest.mark.parametrize("op", DATA_OPS)
def test_counts_the_calls_of_threads(counted, busy, engine, op):
    filesystem = busy(*SPLITTING)
    is_plain = engine in ("plain", "stream")
    segments = ["--segments", "1", "--segment-bytes", "384K"] if is_plain else []
    report = counted(filesystem, SGIO, "--direct", "--engine", engine, "--op", op, *segments,
                     "--threads", "8", "--calls", "8", filesystem.path())
    calls = report.calls(op, "direct")
    each = 3 if is_plain else 8
    expected = {"calls": 64, "requests": 64 * each, "requests_per_call_mean": each,
                "requests_per_call_max": each, "requests_per_call_p99": 4 if each == 3 else 8,
                "split_calls": 64}
    assert {key: calls[key] for key in expected} == expected
    assert [(s["cause"], s["calls"]) for s in calls["splits"]] == [("max_pages", 64)]
    assert report.whole["split_calls"] == 64


def test_requests_that_the_daemon_s_thread_sends(counted, busy):
    """With two background requests allowed, most are sent when another one ends, be it of whom it
    may: they are the command's all the same."""
    filesystem = busy("--max-background", "2", "--max-write", "4K", "--max-read", "4K")
    report = counted(filesystem, SGIO, "--direct", "--engine", "aio", "--threads", "8", "--calls",
                     "2", "--same-region", filesystem.path())
    assert report.calls("read", "direct")["requests"] == 16 * 256


def test_writeback_by_fsync_is_the_command_s(counted, busy):
    filesystem = busy("--writeback-cache")
    report = counted(filesystem, *shell(
        "dd if=/dev/zero of=$1 bs=64k count=16 conv=notrunc,fsync", filesystem))
    assert report.requests()["write"]["origins"]["writeback"] == report.data("write")["requests"]
    assert report.data("write")["bytes"] == 1 << 20


def test_counts_a_process_that_runs_already(busy, tmp_path):
    filesystem = busy()
    script = "read go; dd if=$1 of=/dev/null bs=1M count=5 iflag=direct; exit 3"
    with subprocess.Popen(["sh", "-c", f"sh -c '{script}' sh $1; true", "sh", filesystem.path()],
                          stdin=subprocess.PIPE) as runs:
        before = of_command(filesystem)
        file = tmp_path / "report.json"
        with subprocess.Popen([AGENT, "stat", "--json", "-o", file, "-p",
                               str(runs.pid)]) as counting:
            wait_for(lambda: is_counting(counting), "hooks attached")
            runs.communicate(b"go\n")
            assert counting.wait(30) == 0
    report = Stat(json.loads(file.read_text()), filesystem.label)
    check_exact(report, of_command(filesystem), before)
    assert report.calls("read", "direct")["calls"] == 5
    assert report.whole["process"] == runs.pid and report.whole["command"] is None


def is_counting(process):
    """Once it waits for the process, there is nothing more to be done."""
    assert process.poll() is None, "it ended too early"
    directory = f"/proc/{process.pid}/fd"
    for each in os.listdir(directory):
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            if os.readlink(f"{directory}/{each}") == "anon_inode:[pidfd]":
                return True
    return False


def test_ends_with_ctrl_c_on_a_process(tmp_path):
    file = tmp_path / "report.txt"
    with subprocess.Popen(["sleep", "60"]) as sleeping:
        with subprocess.Popen([AGENT, "stat", "-o", file, "-p", str(sleeping.pid)]) as counting:
            wait_for(lambda: is_counting(counting), "hooks attached")
            counting.send_signal(signal.SIGINT)
            assert counting.wait(10) == 0
        assert sleeping.poll() is None, "it is not ours to end"
        sleeping.kill()
    assert file.read_text().startswith(f"No FUSE I/O by process {sleeping.pid}")


def test_a_command_says_how_long_to_count_a_process(busy, tmp_path):
    filesystem = busy()
    file = tmp_path / "report.json"
    with subprocess.Popen([SGIO, "--direct", "--duration", "60", filesystem.path()],
                          stdout=subprocess.DEVNULL) as driver:
        run_stat("--json", "-o", file, "-p", str(driver.pid), "--", "sleep", "0.3")
        driver.kill()
    report = Stat(json.loads(file.read_text()), filesystem.label)
    assert report.data("read")["requests"] > 1 and "write" not in report.requests()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_passed_on_and_reported(mount, number):
    filesystem = mount()
    command = [SGIO, "--direct", "--duration", "60", filesystem.path()]
    with subprocess.Popen([AGENT, "stat", "--", *command], stderr=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, text=True) as counting:
        wait_for(lambda: filesystem.counts("read")["requests"] > 10, "I/O of the command")
        counting.send_signal(number)
        report = counting.communicate(timeout=30)[1]
        assert counting.returncode == 128 + number
    assert filesystem.label in report
    assert f"ended by signal {int(number)}" in " ".join(report.split()), "whatever line it is on"


def test_prints_a_table_on_standard_error(mount):
    filesystem = mount(*SPLITTING)
    done = run_stat("--", "sh", "-c", "echo its own; dd if=$1 of=/dev/null bs=1M count=3 "
                    "iflag=direct status=none", "sh", filesystem.path())
    assert done.stdout == "its own\n"
    assert "read   direct  3      24        3       8.0       <=8  8    1.0" in done.stderr
    assert "split by max_pages: 3 direct read calls, 21 requests more" in done.stderr
    assert max(map(len, done.stderr.splitlines())) <= 100


@pytest.mark.parametrize("script,code", [
    ("exit 0", 0), ("exit 42", 42), ("kill -TERM $$", 128 + signal.SIGTERM),
], ids=str)
def test_exit_code_is_that_of_the_command(script, code):
    done = run_stat("--", "sh", "-c", script, code=code)
    assert done.stderr.startswith("No FUSE I/O by 'sh -c ") and done.stderr.count("\n") == 1


def test_fails_on_a_split_if_asked_to(mount):
    filesystem = mount(*SPLITTING)
    read = "dd if=$1 of=/dev/null bs=%s count=1 iflag=direct status=none; exit %d"
    for size, own, code in (("1M", 0, 1), ("128k", 0, 0), ("1M", 5, 5)):
        run_stat("--fail-on-split", "--", *shell(read % (size, own), filesystem), code=code)


@pytest.mark.parametrize("command,code,word", [
    (["/no/such/program"], 127, "No such file"), (["/etc/passwd"], 126, "Permission denied")])
def test_command_that_cannot_be_run(command, code, word):
    done = run_stat("--", *command, code=code)
    assert done.stderr == f"fusescope: run '{command[0]}': {word}" + done.stderr.partition(word)[2]
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("args,words", [
    ([], ["give a command or a process", "fusescope stat --"]),
    (["-p", "0", "--", "true"], ["--pid"]),
    (["-p", "4194305"], ["no process 4194305"]),
    (["-o", "/no/such/file", "--", "true"], ["/no/such/file", "--output"]),
    (["--hooks=none", "--", "true"], ["--hooks"]),
], ids=str)
def test_bad_arguments(args, words):
    refused([AGENT, "stat", *args], *words)


def test_runs_nothing_where_it_cannot_count(tmp_path):
    trace = tmp_path / "trace"
    tmp_path.chmod(0o777)
    command = [AGENT, "stat", "--", "touch", trace]
    refused(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command],
            "Operation not permitted", "CAP_BPF")
    refused(["unshare", "--pid", "--fork", "--mount-proc", *command], "pid namespace", "host")
    assert not trace.exists()


def test_beside_a_running_agent(counted, mount, tmp_path):
    agent = Agent(log=tmp_path / "agent.log")
    filesystem = mount(files=("data:64M", "other:64M"))
    sgio(filesystem.path("other"), "--direct", "--calls", "10")
    report = counted(filesystem, SGIO, "--direct", "--calls", "10", filesystem.path())
    assert report.calls("read", "direct")["calls"] == 10
    labels = {"mountpoint": filesystem.label, "op": "read", "mode": "direct"}
    assert agent.scrape().total("fuse_io_requests_count", **labels) == 20
    assert agent.stop() == 0


def test_a_mount_that_is_gone_when_the_command_ends(mount):
    filesystem = mount()
    done = run_stat("--", "sh", "-c", "dd if=$1 of=/dev/null bs=1M count=3 iflag=direct "
                    "status=none; umount -l $2", "sh", filesystem.path(), filesystem.mountpoint)
    assert "read   direct  3" in done.stderr
    assert end(filesystem.process) == 0

# SPDX-License-Identifier: Apache-2.0
"""Standard input, output and error that are closed, full or read by nobody; signals about them."""

import os
import signal
import subprocess

import pytest

from harness import AGENT, Agent, wait_for

COMMANDS = [("--help",), ("doctor", "--hooks=tracepoint"), ("top", "-n", "1", "-d", "0.2"),
            ("trace", "--duration", "0.1")]


def shell(script, *command):
    """The script, with the command as its arguments."""
    return ["bash", "-c", script, "bash", *map(str, command)]


def serving(script, log):
    """An agent that the script runs."""
    return Agent(log=log, under=shell(script, AGENT))


def is_on_null(agent, descriptor):
    return os.readlink(f"/proc/{agent.process.pid}/fd/{descriptor}") == "/dev/null"


def test_serve_without_standard_files(tmp_path):
    agent = serving('exec "$@" <&- >&- 2>&-', tmp_path / "log")
    assert all(is_on_null(agent, descriptor) for descriptor in range(3))
    assert agent.scrape().total("fusescope_build_info") == 1
    assert agent.stop() == 0


def test_serve_whose_log_nobody_reads(tmp_path):
    """It writes a line on SIGHUP."""
    reader, writer = os.pipe()
    agent = serving(f'exec "$@" 2>/proc/{os.getpid()}/fd/{writer}', tmp_path / "log")
    os.close(writer)
    os.close(reader)
    for _ in range(2):
        agent.process.send_signal(signal.SIGHUP)
        wait_for(lambda: not is_pending(agent.process.pid, signal.SIGHUP), "the signal was taken")
        assert agent.scrape().total("fusescope_build_info") == 1
    assert agent.stop() == 0


def mask(process, field, number):
    with open(f"/proc/{process}/status", encoding="ascii") as file:
        fields = dict(line.rstrip("\n").split(":\t", 1) for line in file)
    return int(fields[field], 16) >> (number - 1) & 1


def is_pending(process, number):
    return mask(process, "ShdPnd", number) == 1


@pytest.mark.parametrize("where,reason", [(">/dev/full", "No space left on device"),
                                          (">&-", "Bad file descriptor")])
def test_what_cannot_be_written_is_told(where, reason):
    for command in COMMANDS:
        done = subprocess.run(shell(f'exec "$@" {where}', AGENT, *command), capture_output=True,
                              text=True, timeout=60, check=False)
        assert done.returncode == 2, (command, done)
        assert done.stderr == f"fusescope: write to standard output: {reason}\n", command


def test_a_report_that_cannot_be_written_is_told(mount, tmp_path):
    filesystem = mount()
    full = ["verify", "--no-timing", filesystem.mountpoint]
    done = subprocess.run(shell('exec "$@" >/dev/full', AGENT, *map(os.fsdecode, full)),
                          capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == \
        (2, "fusescope: write to standard output: No space left on device\n")
    done = subprocess.run([AGENT, "stat", "-o", "/dev/full", "--", "true"], capture_output=True,
                          text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == \
        (2, "fusescope: write the report to /dev/full: No space left on device\n")
    # Nothing is run that could not be reported.
    done = subprocess.run(shell('exec "$@" 2>&-', AGENT, "stat", "--", "touch", tmp_path / "ran"),
                          timeout=60, check=False)
    assert done.returncode == 2 and not (tmp_path / "ran").exists()


@pytest.mark.parametrize("command", [*COMMANDS[:2], ("top", "-d", "60"), ("trace",)],
                         ids=lambda words: words[0])
def test_ends_quietly_when_nobody_reads(command):
    """At once, also where the next line is a minute away."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([AGENT, *command], stdout=writer, stderr=subprocess.PIPE, text=True,
                          timeout=30, check=False)
    os.close(writer)
    assert done.returncode == 0 or (command[0] == "doctor" and done.returncode == 1), done
    assert done.stderr == ""


@pytest.mark.parametrize("on_broken_pipe", ["default", "ignore"])
@pytest.mark.parametrize("streams", ["", "<&- 1>&-"], ids=["open", "closed"])
def test_stat_gives_its_command_what_it_was_given(on_broken_pipe, streams, tmp_path):
    """Signals and descriptors."""
    script = "grep -E '^Sig(Blk|Ign)' /proc/self/status >&2; ls /proc/self/fd >&2"

    def told_by(*runner):
        words = ("env", f"--{on_broken_pipe}-signal=PIPE", *runner, "sh", "-c", script)
        return subprocess.run(shell(f'exec "$@" {streams}', *words), stderr=subprocess.PIPE,
                              text=True, timeout=60, check=True).stderr

    assert told_by() == told_by(AGENT, "stat", "-o", tmp_path / "report", "--")


def test_sighup_that_is_ignored_stays_so():
    """As by nohup(1)."""
    with subprocess.Popen(shell("trap '' HUP; exec \"$@\"", AGENT, "trace"),
                          stdout=subprocess.PIPE) as trace:
        assert b"COMM" in trace.stdout.readline()
        assert mask(trace.pid, "SigBlk", signal.SIGTERM) == 1
        assert mask(trace.pid, "SigBlk", signal.SIGHUP) == 0
        trace.send_signal(signal.SIGHUP)
        trace.terminate()
        assert trace.wait(10) == 0

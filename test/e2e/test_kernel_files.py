# SPDX-License-Identifier: Apache-2.0
"""Files of procfs and sysfs that fail to be read, as those of a thread do that ends meanwhile; and an
exception in the middle of it. test/faults/kernel_files.cc makes them so."""

import contextlib
import os
import subprocess
import urllib.error
import urllib.request

import pytest

from harness import AGENT, BUILD, Agent, sgio, wait_for

ENDED = "ESRCH /proc/[0-9]*\n"  # all processes, its own too
LIMIT = "/proc/sys/fs/fuse/max_pages_limit"


class Faults:
    """The rules in force, and what they have met so far: files of a fixed size, with zeros behind the
    text."""

    def __init__(self, directory):
        self.rules = directory / "rules"
        self.met_file = directory / "rules.met"
        self.rules.write_bytes(bytes(4096))
        self.met_file.write_bytes(bytes(1 << 16))
        self.environment = {**os.environ, "LD_PRELOAD": str(BUILD / "test/faults/kernel_files.so"),
                            "KERNEL_FILE_FAULTS": str(self.rules)}

    def met(self):
        return self.met_file.read_bytes().rstrip(b"\0").decode().splitlines()

    @staticmethod
    def write(file, text):
        with file.open("r+b") as opened:
            opened.write(text.encode().ljust(file.stat().st_size, b"\0"))

    @contextlib.contextmanager
    def of(self, rules):
        self.write(self.met_file, "")
        self.write(self.rules, rules)
        yield
        self.write(self.rules, "")


@pytest.fixture
def faults(tmp_path):
    return Faults(tmp_path)


def status_of(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def internal_errors(scrape):
    return {s.labels["where"]: s.value for s in scrape.select("fusescope_internal_errors_total")}


def test_serve_goes_on(faults, mount, tmp_path):
    filesystem = mount()
    agent = Agent(log=tmp_path / "log", environment=faults.environment)
    with faults.of(ENDED):
        for _ in range(3):
            sgio(filesystem.path(), "--direct", "--calls", 1)
            assert agent.scrape().maybe("process_cpu_seconds_total") == 0, "not known, so not there"
        assert any(path.endswith("/stat") for path in faults.met())
    scrape = agent.scrape()
    assert internal_errors(scrape) == {"http": 0, "housekeeping": 0}
    assert scrape.total("process_cpu_seconds_total") > 0
    assert scrape.select("fuse_mount_info", mountpoint=filesystem.label)

    with faults.of(f"throw {LIMIT}\n"):
        wait_for(lambda: LIMIT in faults.met(), "housekeeping")
        code, text = status_of(agent.url + "/metrics")
        assert (code, text.count("\n")) == (500, 1) and "Internal Server Error" in text
    errors = internal_errors(agent.scrape())
    assert errors["http"] == 1 and errors["housekeeping"] >= 1
    log = (tmp_path / "log").read_text()
    assert log.count("answer /metrics: std::bad_alloc") == 1
    assert log.count("housekeeping: std::bad_alloc") == errors["housekeeping"]
    assert agent.stop() == 0


@pytest.mark.parametrize("command", [
    ("top", "-p", "-n", "2", "-d", "0.3"), ("stat", "-p", "self", "--", "true"),
    ("trace", "--duration", "0.2"), ("doctor", "--hooks=tracepoint")], ids=lambda words: words[0])
def test_commands_go_on(faults, mount, command):
    """A process that is there, while those around it end."""
    filesystem = mount()
    command = [str(os.getpid()) if word == "self" else word for word in command]
    rules = "ESRCH /proc/[0-9]*/stat\nESRCH /proc/[0-9]*/comm\nESRCH /proc/[0-9]*/fd\nESRCH /proc\n"
    with faults.of(rules if command[0] == "stat" else rules + ENDED):
        with subprocess.Popen(["dd", f"if={os.fsdecode(filesystem.path())}", "of=/dev/null",
                               "iflag=direct", "bs=4k"], stderr=subprocess.DEVNULL) as load:
            done = subprocess.run([AGENT, *command], env=faults.environment, capture_output=True,
                                  text=True, timeout=60, check=False)
            load.kill()
    assert done.returncode == 0 or (command[0] == "doctor" and done.returncode == 1), done
    assert "fusescope: " not in done.stderr

# SPDX-License-Identifier: Apache-2.0
"""The agent as a unit of systemd: it says when it is ready, and the unit gives it no more than it
needs."""

import configparser
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import urllib.request

import pytest

from harness import AGENT, Agent, data_requests, sgio, wait_for
from web import HASH, PASSWORD, Authority, GuardedAgent, get

DIRECTORY = pathlib.Path(__file__).parents[2] / "deploy/systemd"
UNIT = DIRECTORY / "fusescope.service"
PROFILE = DIRECTORY.parent / "kubernetes/seccomp/fusescope.json"
EXPOSURE = 25  # tenths, of systemd-analyze security
NOBODY = "65534"


@pytest.fixture(name="settings")
def settings_of_the_unit():
    unit = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    unit.optionxform = str
    unit.read(UNIT)
    return unit["Service"]


@contextlib.contextmanager
def notify_socket(directory):
    """What systemd listens on for a unit with Type=notify."""
    address = str(directory / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address)
        listening.settimeout(20)
        yield listening, {**os.environ, "NOTIFY_SOCKET": address}


def test_says_when_it_is_ready_alive_and_ending(tmp_path):
    with notify_socket(tmp_path) as (listening, environment):
        agent = Agent(log=tmp_path / "agent.log", environment=environment)
        assert listening.recv(4096) == b"READY=1\nSTATUS=its hooks are attached"
        assert [listening.recv(4096) for _ in range(3)] == [b"WATCHDOG=1"] * 3
        assert agent.stop() == 0
        rest = []
        listening.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                rest.append(listening.recv(4096))
        assert rest[-1] == b"STOPPING=1" and set(rest[:-1]) <= {b"WATCHDOG=1"}


def test_is_not_ready_when_it_cannot_listen(tmp_path):
    with notify_socket(tmp_path) as (listening, environment), socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = subprocess.run(
            [AGENT, "serve", f"--web.listen-address=127.0.0.1:{taken.getsockname()[1]}"],
            env=environment, capture_output=True, check=False, timeout=60)
        assert done.returncode == 2
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.recv(4096)


def test_outlives_a_service_manager_that_is_gone(tmp_path):
    agent = Agent(log=tmp_path / "agent.log",
                  environment={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "gone")})
    assert agent.stop() == 0


def test_the_unit_is_hardened():
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager",
                           f"--threshold={EXPOSURE}", UNIT],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def copy_to(directory, name):
    """With the program of this build."""
    directory.mkdir(exist_ok=True)
    copy = directory / name
    copy.write_text((DIRECTORY / name).read_text().replace("/usr/bin/fusescope", str(AGENT)))
    return copy


@pytest.mark.parametrize("unit,drop_in", [
    (UNIT.name, None),
    (UNIT.name, "with-kprobes.conf"),
    (UNIT.name, "with-web-config.conf"),
    ("fusescope.socket", None),
])
def test_systemd_reads_the_unit(tmp_path, unit, drop_in):
    copy_to(tmp_path, UNIT.name)
    unit = copy_to(tmp_path, unit)
    if drop_in:
        copy_to(tmp_path / f"{unit.name}.d", drop_in)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit],
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_rights_of_the_unit_are_enough(settings, mount, tmp_path):
    """Not root: a user without any right but those of the unit."""
    names = settings["AmbientCapabilities"].lower().replace("cap_", "+").split()
    assert settings["CapabilityBoundingSet"] == settings["AmbientCapabilities"]
    rights = ",".join(["-all", *names])
    with tempfile.TemporaryDirectory() as directory:  # that the user may look into
        os.chmod(directory, 0o755)
        program = shutil.copy(AGENT, directory)
        agent = Agent(log=tmp_path / "agent.log",
                      under=["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups",
                             "--bounding-set", rights, "--inh-caps", rights,
                             "--ambient-caps", rights, "--no-new-privs", program])
        filesystem = mount()
        sgio(filesystem.path(), "--direct", "--calls", "8")
        truth = filesystem.counts("read")
        assert data_requests(agent.scrape(), filesystem.label, "read") == truth
        assert agent.stop() == 0


def group_members(name):
    """The system calls of a group of SystemCallFilter=."""
    shown = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name],
                           capture_output=True, text=True, check=True).stdout
    lines = [line.strip() for line in shown.splitlines()[1:]]
    return expand(line for line in lines if line and line[0] != "#")


def expand(words):
    found = set()
    for word in words:
        found |= group_members(word) if word.startswith("@") else {word}
    return found


class Traced:
    """What strace has to say of an agent that it runs."""

    def __init__(self, directory):
        self.file = directory / "seen"
        self.under = ["strace", "--daemonize", "--follow-forks", "--output", self.file, AGENT]

    def of_ended(self, process):
        ended = re.compile(rf"^{process} .*exited with 0", re.MULTILINE)
        wait_for(lambda: ended.search(self.file.read_text()), "the last line of strace")
        return self.file.read_text()


def used_calls(text):
    return set(re.findall(r"^\d+ +(\w+)\(", text, re.MULTILINE))


def refused_calls(text):
    """By the agent's own filter. glibc takes clone(2) then."""
    return set(re.findall(r"^\d+ +(\w+)\(.* = -1 ENOSYS", text, re.MULTILINE)) - {"clone3"}


def allowed_calls(settings):
    return expand(settings["SystemCallFilter"].split())


def calls_of_the_profile():
    """That of Kubernetes."""
    profile = json.loads(PROFILE.read_text())
    return {name for group in profile["syscalls"] for name in group["names"]}


def test_the_system_calls_that_are_allowed_are_enough(settings, mount, tmp_path):
    traced = Traced(tmp_path)
    agent = Agent(log=tmp_path / "agent.log", under=traced.under)
    filesystem = mount()
    sgio(filesystem.path(), "--direct", "--calls", "8")
    assert data_requests(agent.scrape(), filesystem.label, "read") == filesystem.counts("read")
    with urllib.request.urlopen(agent.url + "/api/mounts") as response:
        assert response.status == 200
    assert agent.stop() == 0
    text = traced.of_ended(agent.process.pid)
    assert {"bpf", "seccomp", "setresuid"} <= used_calls(text)
    assert used_calls(text) - allowed_calls(settings) == set()
    assert used_calls(text) - calls_of_the_profile() == set()
    assert refused_calls(text) == set()


def test_they_are_enough_for_tls_and_a_reload(settings, tmp_path):
    authority = Authority(tmp_path)
    authority.issue("server", "DNS:localhost", "serverAuth")
    traced = Traced(tmp_path)
    config = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
    with notify_socket(tmp_path) as (_, environment):
        agent = GuardedAgent(tmp_path, config, under=traced.under, environment=environment)
        agent.file.write_text(f"{config}basic_auth_users:\n  alice: {HASH}\n")
        wait_for(lambda: get(agent.port, tls=authority.client())[0] == 401, "the new config")
        assert get(agent.port, tls=authority.client(), password=PASSWORD)[0] == 200
        assert agent.stop() == 0
    text = traced.of_ended(agent.process.pid)
    assert used_calls(text) - allowed_calls(settings) == set()
    assert used_calls(text) - calls_of_the_profile() == set()
    assert refused_calls(text) == set()

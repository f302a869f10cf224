# SPDX-License-Identifier: Apache-2.0
"""What one could do who has taken over a thread of the agent: nothing but what it does anyway. The
tries are made from inside, by a library that is preloaded (test/escape)."""

import errno
import os
import pathlib
import re
import signal
import subprocess

import pytest

from harness import AGENT, BUILD, Agent, Countfs, data_requests, sgio, wait_for

ESCAPES = BUILD / "test/escape/escapes.so"
REFUSED = {errno.EPERM, errno.EACCES, errno.ENOSYS}
# What CAP_SYS_PTRACE gives the broker: to look at any process.
OF_THE_BROKER = {"open-namespace"}
CAP_SYS_PTRACE = 19


def status_of(process, task=None):
    status = pathlib.Path(f"/proc/{process}/task/{task or process}/status").read_text()
    return dict(line.split(":\t") for line in status.splitlines() if ":\t" in line)


def tasks_of(process):
    return [int(name) for name in os.listdir(f"/proc/{process}/task")]


def broker_of(agent):
    path = pathlib.Path(f"/proc/{agent.process.pid}/task/{agent.process.pid}/children")
    [broker] = path.read_text().split()
    return int(broker)


@pytest.fixture(scope="module", name="victim")
def process_of_root():
    process = subprocess.Popen(["sleep", "1000"])
    yield process.pid
    process.kill()
    process.wait()


@pytest.fixture(scope="module", name="confined")
def agent_with_the_escapes(tmp_path_factory, victim):
    directory = tmp_path_factory.mktemp("escape")
    file = directory / "file"
    file.write_text("of root\n")
    file.chmod(0o600)
    # Where a user without rights gets to it, but for the mode of the file itself.
    for each in (directory, *directory.parents):
        if each.is_relative_to("/tmp") and each != pathlib.Path("/tmp"):
            each.chmod(each.stat().st_mode | 0o711)
    agent = Agent(log=directory / "agent.log", environment={
        **os.environ, "LD_PRELOAD": str(ESCAPES), "ESCAPE_VICTIM": str(victim),
        "ESCAPE_FILE": str(file)})
    yield agent
    assert agent.stop() == 0
    assert file.read_text() == "of root\n"


class Tries:
    """What is reported while it is entered: the errno of each try."""

    def __init__(self, agent):
        self.log = pathlib.Path(agent.log.name)
        self.begin = self.log.stat().st_size

    def wait_for(self, name):
        wait_for(lambda: f"escape {name} 0" in self.text(), f"the line {name}")

    def text(self):
        return self.log.read_bytes()[self.begin:].decode()

    def got_through(self):
        self.wait_for("done")
        tried = dict(re.findall(r"^escape (\S+) (\d+)$", self.text(), re.MULTILINE))
        for line in ("armed", "done"):
            tried.pop(line, None)
        assert len(tried) > 40
        return {name for name, error in tried.items() if int(error) not in REFUSED}


def test_the_thread_that_answers_gets_nowhere(confined):
    tries = Tries(confined)
    os.kill(confined.process.pid, signal.SIGUSR2)
    tries.wait_for("armed")
    confined.scrape()
    assert tries.got_through() == set()


def test_the_main_thread_gets_nowhere(confined):
    tries = Tries(confined)
    os.kill(confined.process.pid, signal.SIGUSR1)
    assert tries.got_through() == set()


def test_the_broker_may_only_look(confined):
    tries = Tries(confined)
    os.kill(broker_of(confined), signal.SIGUSR1)
    assert tries.got_through() == OF_THE_BROKER


def test_no_thread_is_root_or_has_a_right(confined):
    process = confined.process.pid
    assert len(tasks_of(process)) > 1
    for task in tasks_of(process):
        status = status_of(process, task)
        assert "0" not in (status["Uid"] + "\t" + status["Gid"]).split()
        assert status["Groups"].strip() == ""
        assert {int(status[f"Cap{name}"], 16) for name in ("Eff", "Prm", "Inh", "Amb")} == {0}
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")  # 2: filtered


def test_the_broker_has_one_right(confined):
    status = status_of(broker_of(confined))
    assert "0" not in (status["Uid"] + "\t" + status["Gid"]).split()
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 1 << CAP_SYS_PTRACE
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


def measures(agent):
    return {s.labels["measure"]: s.value for s in agent.scrape().select("fusescope_confinement")}


def test_says_what_is_in_force(confined):
    assert measures(confined) == {"user": 1, "capabilities": 1, "system_calls": 1, "broker": 1}


def test_says_that_it_stays_root_where_it_must(tmp_path):
    """In a container without CAP_SETUID, say."""
    agent = Agent(log=tmp_path / "agent.log", under=[
        "setpriv", "--bounding-set", "-setuid", "--inh-caps", "-setuid", AGENT])
    assert measures(agent) == {"user": 0, "capabilities": 1, "system_calls": 1, "broker": 1}
    assert "not confined: become user" in agent.last_words()
    assert agent.stop() == 0


def test_goes_on_without_its_broker_and_says_so(tmp_path):
    agent = Agent(log=tmp_path / "agent.log")
    os.kill(broker_of(agent), signal.SIGKILL)
    wait_for(lambda: measures(agent)["broker"] == 0, "the broker's end")
    filesystem = Countfs(tmp_path, under=("unshare", "--mount", "--propagation", "private"))
    path = f"/proc/{filesystem.process.pid}/root{os.fsdecode(filesystem.path())}".encode()
    sgio(path, "--direct", "--calls", "2")
    assert filesystem.stop() == 0
    wait_for(lambda: data_requests(agent.scrape(), "unknown", "read")["requests"] >= 2,
             "what it read, without its name")
    assert not agent.scrape().select("fuse_requests_sent_total", mountpoint=filesystem.label)
    assert "broker: Connection reset by peer" in agent.last_words()
    assert agent.stop() == 0


def test_the_broker_ends_with_the_agent(tmp_path):
    agent = Agent(log=tmp_path / "agent.log")
    broker = broker_of(agent)
    agent.process.kill()
    agent.process.wait()
    wait_for(lambda: not pathlib.Path(f"/proc/{broker}").exists(), "the end of the broker")

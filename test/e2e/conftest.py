# SPDX-License-Identifier: Apache-2.0
"""The fixtures that tests share, and how tests are dealt out: with pytest-xdist (-n 2) each worker
has an agent of its own, and is one of those whose mounts the others must bear."""

import contextlib
import fcntl
import os
import signal

import pytest

import accounts
import sanitizer
from harness import RUNNING, Agent, Countfs, account, lost_requests, wait_for

# Their tests share what takes long to start; they are begun first, so that the workers end together.
TOGETHER = ("test_dashboards.py", "test_one_answer.py", "test_page.py", "test_real_filesystems.py",
            "test_states.py")
MARKERS = ("serial: no test of another worker may run at the same time",
           "slow: waits a minute or more for nothing to happen; not among the everyday tests")


def pytest_configure(config):
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as a script has it in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    sanitizer.set_up()


def pytest_collection_modifyitems(items):
    """What is serial comes last: then hardly any worker waits for another."""
    items.sort(key=lambda item: (item.get_closest_marker("serial") is not None,
                                 item.path.name not in TOGETHER))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        """A test goes to the worker that is free; those of a file in TOGETHER all go to one."""

        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            return file if file.endswith(TOGETHER) else nodeid

    return Scheduling(config, log)


@contextlib.contextmanager
def locked(path, how):
    with open(path, "ab") as file:
        fcntl.flock(file, how)
        yield


@pytest.fixture(autouse=True)
def turn(request, tmp_path_factory):
    """Whoever waits for its turn holds the door, so that it does not wait for ever."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        yield
        return
    directory = tmp_path_factory.getbasetemp().parent
    is_serial = request.node.get_closest_marker("serial")
    with contextlib.ExitStack() as stack:
        with locked(directory / "door", fcntl.LOCK_EX):
            stack.enter_context(locked(directory / "room",
                                       fcntl.LOCK_EX if is_serial else fcntl.LOCK_SH))
        yield


@pytest.fixture(autouse=True)
def no_agent_left():
    """A test that fails does not leave its agents to those that follow."""
    before = set(RUNNING)
    yield
    for agent in RUNNING - before:
        agent.stop()


@pytest.fixture(scope="session")
def agent_log(tmp_path_factory):
    return tmp_path_factory.mktemp("agent") / "agent.log"


@pytest.fixture(scope="session")
def agent(agent_log):
    """One agent for all tests that only read from it: counters are compared by difference."""
    running = Agent(log=agent_log)
    yield running
    assert running.stop() == 0, "the agent must end with 0 on SIGTERM"


@pytest.fixture
def mount(tmp_path):
    """mount(*options): a counting filesystem, ended with the test; with name="…" one of several."""
    started = []

    def start(*args, name=None, **kwargs):
        if name:
            kwargs["mountpoint"] = tmp_path / name
        started.append(Countfs(tmp_path, *args, **kwargs))
        return started[-1]

    start.filesystems = started
    yield start
    for filesystem in reversed(started):
        assert filesystem.stop() == 0, "countfs must end cleanly"


@pytest.fixture(autouse=True)
def every_request_is_accounted_for(request, turn):
    """After each test: what was sent to its mounts has ended, or is in flight; of a serial test, or
    was counted as lost. The agent counts what is lost for the host as a whole."""
    if not {"agent", "mount"} <= set(request.fixturenames):
        yield
        return
    agent, mount = (request.getfixturevalue(name) for name in ("agent", "mount"))
    before = sum(lost_requests(agent.scrape()).values())
    yield
    labels = {filesystem.label for filesystem in mount.filesystems}
    may_lose = request.node.get_closest_marker("serial")

    def is_balanced():
        scrape = agent.scrape()
        totals = [account(scrape, label) for label in labels]
        unaccounted = [t["sent"] - t["ended"] - t["in_flight"] for t in totals]
        if may_lose:
            return sum(unaccounted) == sum(lost_requests(scrape).values()) - before
        return not any(unaccounted)

    wait_for(is_balanced, "sent = ended + in flight + lost")


@pytest.fixture(autouse=True)
def no_report_of_a_sanitizer():
    yield
    assert not (found := sanitizer.new_reports()), found


def pytest_sessionfinish(session):
    """What a worker has noted goes to who reports."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["accounts"] = accounts.ROWS


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    accounts.ROWS.extend(getattr(node, "workeroutput", {}).get("accounts", ()))


def pytest_terminal_summary(terminalreporter):
    for line in accounts.table():
        terminalreporter.write_line(line)

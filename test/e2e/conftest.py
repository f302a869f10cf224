# SPDX-License-Identifier: Apache-2.0
import pytest

import accounts
from harness import Agent, Countfs, account, lost_requests, wait_for


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
def every_request_is_accounted_for(request):
    """After each test: what was sent to its mounts has ended, is in flight, or was counted as lost."""
    if not {"agent", "mount"} <= set(request.fixturenames):
        yield
        return
    agent, mount = (request.getfixturevalue(name) for name in ("agent", "mount"))
    before = lost_requests(agent.scrape())
    yield
    labels = [filesystem.label for filesystem in mount.filesystems]

    def is_balanced():
        scrape = agent.scrape()
        lost = sum(lost_requests(scrape).values()) - sum(before.values())
        totals = [account(scrape, label) for label in labels]
        return sum(t["sent"] - t["ended"] - t["in_flight"] for t in totals) == lost

    wait_for(is_balanced, "sent = ended + in flight + lost")


def pytest_terminal_summary(terminalreporter):
    for line in accounts.table():
        terminalreporter.write_line(line)

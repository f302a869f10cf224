# SPDX-License-Identifier: Apache-2.0
import pytest

from harness import Agent, Countfs


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

    yield start
    for filesystem in reversed(started):
        assert filesystem.stop() == 0, "countfs must end cleanly"

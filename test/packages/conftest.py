# SPDX-License-Identifier: Apache-2.0
import contextlib
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))

from harness import Agent, Countfs, data_requests, sgio, wait_for_name  # noqa: E402
from packages import debian  # noqa: E402


@contextlib.contextmanager
def temporary_root(suite):
    """Not below pytest's directory, which others may not enter, as apt's own user must."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="fusescope-root.", dir="/var/tmp"))
    try:
        yield debian(suite, directory)
    finally:
        shutil.rmtree(directory)


@pytest.fixture(scope="module")
def debian_12():
    with temporary_root("bookworm") as root:
        yield root


@pytest.fixture(scope="module")
def debian_13():
    with temporary_root("trixie") as root:
        yield root


@pytest.fixture
def counts_rightly(tmp_path):
    """counts_rightly(COMMAND): run as the agent, it counts the requests of a mount of the host."""

    def check(command):
        agent = Agent(log=tmp_path / "agent.log", under=command)
        try:
            filesystem = Countfs(tmp_path)
            try:
                sgio(filesystem.path(), "--direct", "--calls", "8")
                truth = filesystem.counts("read")
                assert truth["requests"] > 0
                wait_for_name(agent, filesystem)
                assert data_requests(agent.scrape(), filesystem.label, "read") == truth
                return agent.scrape()
            finally:
                filesystem.stop()
        finally:
            assert agent.stop() == 0

    return check

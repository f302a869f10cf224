# SPDX-License-Identifier: Apache-2.0
"""The log of a start as root, where nothing is wrong."""

import re
import subprocess

import pytest

from harness import AGENT, Agent

FAILURE = re.compile(r"not permitted|denied|refused|fail|error|cannot|not filled", re.IGNORECASE)


@pytest.fixture
def start(tmp_path):
    """start(OPTION...): the lines that an agent logs, and the last scrape of it."""
    def run(*options):
        agent = Agent(*options, log=tmp_path / "agent.log")
        scrape = agent.scrape()
        assert agent.stop() == 0
        return (tmp_path / "agent.log").read_text().splitlines(), scrape

    return run


def missing(scrape):
    return {s.labels["role"] for s in scrape.select("fusescope_hook_missing")}


def test_has_no_line_of_a_failure(start):
    lines, _ = start()
    assert [line for line in lines if FAILURE.search(line) or " level=info " not in line] == []


def test_has_the_version(start):
    lines, scrape = start()
    version = subprocess.run([AGENT, "--version"], capture_output=True, text=True, check=True).stdout
    labels = scrape.select("fusescope_build_info")[0].labels
    revision = f", revision {labels['revision']}" if labels["revision"] else ""
    assert [line for line in lines if labels["version"] in line] == [
        line for line in lines if line.endswith(f'msg="{version.strip()}{revision}"')] != []


def test_names_roles_without_a_hook(start):
    """What is not seen does not go unsaid; why, with the trouble to say it, at debug."""
    lines, scrape = start("--hooks=tracepoint", "--log.level=debug")
    roles = missing(scrape)
    assert roles, "on tracepoints alone no function of a call is hooked"
    told = [line for line in lines if "level=info" in line and "no hook on this kernel" in line]
    assert len(told) == 1 and "fusescope doctor" in told[0]
    assert all(re.search(rf"\b{role}\b", told[0]) for role in roles)
    for role in roles:
        assert any("level=debug" in line and f"role {role}: no hook: " in line for line in lines)

# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C, or a signal, in each stage of quickstart.sh: nothing of it is left."""

import os
import shutil
import signal

import pytest

from harness import COUNTFS, SGIO, Countfs
from project import ANY_PORT, check_that_nothing_is_left

SLEEP = 'touch "$STAGE"; sleep 1000; exit 1'
PYTHON_SLEEP = 'import os, time\nopen(os.environ["STAGE"], "w")\ntime.sleep(1000)'

# By stage: the programs that stay in it, and their scripts.
STAGES = {
    "installing": {"bin/dpkg-query": "exit 1", "bin/apt-get": SLEEP},
    "building": {"bin/cmake": SLEEP},
    "starting the agent": {"build/release/agent/fusescope": SLEEP},
    "mounting": {"build/release/test/fs/countfs":
                 f'{COUNTFS} "$@" | {{ read -r; touch "$STAGE"; sleep 1000; }}'},
    "driving": {"build/release/test/load/sgio":
                f'touch "$STAGE"; while {SGIO} "$@" >/dev/null; do :; done'},
    "fetching": {"deploy/exposition.py": PYTHON_SLEEP},
    "summarizing": {"deploy/summary.py": PYTHON_SLEEP},
}
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def interrupt(terminal, number):
    """As a terminal does, or as kill(1) does."""
    if number == signal.SIGINT:
        terminal.press_ctrl_c()
    elif number == signal.SIGHUP:
        terminal.hang_up()
    else:
        os.kill(terminal.process.pid, number)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("stage", STAGES)
def test_stage(project, stage, number):
    for name, script in STAGES[stage].items():
        project.replace(name, script)
    terminal = project.quickstart("--demo", *ANY_PORT)
    terminal.wait_for(project.is_at_stage)
    interrupt(terminal, number)
    check_that_nothing_is_left(project, terminal, number)


@pytest.mark.parametrize("number", [*SIGNALS, signal.SIGHUP], ids=lambda number: number.name)
def test_staying_up(project, number):
    terminal = project.quickstart("--demo", *ANY_PORT)
    terminal.wait_for_text("Ctrl-C ends the agent and the demonstration")
    interrupt(terminal, number)
    check_that_nothing_is_left(project, terminal, number)


def test_observing(project, tmp_path):
    filesystem = Countfs(tmp_path)
    try:
        terminal = project.quickstart(*ANY_PORT)
        terminal.wait_for_text("for a demonstration of what splitting looks like")
        terminal.press_ctrl_c()
        check_that_nothing_is_left(project, terminal, signal.SIGINT)
    finally:
        assert filesystem.stop() == 0


@pytest.mark.parametrize("delay", [0.02, 0.3, 1, 2])
def test_at_any_moment(project, delay):
    """Whatever it is at then."""
    terminal = project.quickstart("--demo", *ANY_PORT)
    terminal.wait_for_text("Building")
    terminal.read_for(delay)
    terminal.press_ctrl_c()
    check_that_nothing_is_left(project, terminal, signal.SIGINT)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_apt_ends_what_it_has_begun(project, number):
    """As apt-get does while dpkg runs; SIGTERM would cut it off."""
    ended = project.directory / "ended"
    project.replace("bin/dpkg-query", "exit 1")
    project.replace("bin/apt-get", f"trap 'sleep 1; touch {ended}; exit 100' INT\n"
                    'touch "$STAGE"; while :; do sleep 0.1; done')
    terminal = project.quickstart("--demo", *ANY_PORT)
    terminal.wait_for(project.is_at_stage)
    interrupt(terminal, number)
    check_that_nothing_is_left(project, terminal, number)
    assert ended.exists()


def test_build_of_another_owner(project):
    """What root builds is the owner's; an interruption reaches it all the same."""
    for path in (project.directory, project.directory / "build"):
        shutil.chown(path, "nobody")
    project.replace("bin/cmake", 'touch "$STAGE"; sleep 1000')
    terminal = project.quickstart("--demo", *ANY_PORT)
    terminal.wait_for(project.is_at_stage)
    interrupt(terminal, signal.SIGINT)
    check_that_nothing_is_left(project, terminal, signal.SIGINT)
    for path in (project.stage, project.directory / "build/quickstart/log.txt"):
        assert path.owner() == "nobody"

# SPDX-License-Identifier: Apache-2.0
"""What test/run.sh shows of a runner that goes on: how far it is, and all that is no count."""

import os
import pathlib
import pty
import subprocess

import pytest

PROGRESS = pathlib.Path(__file__).parents[1] / "progress.py"
RUNNERS = {
    "ctest": ("      Start 1: Plan.Loads\n 1/2 Test #1: Plan.Loads ....   Passed    0.01 sec\n",
              "      Start 2: Plan.Tries\n 2/2 Test #2: Plan.Tries ....***Failed    0.01 sec\n"),
    "pytest": ("test_a.py::test_one PASSED       [1/2]\n", "test_a.py::test_two FAILED      [2/2]\n"),
    "workers": ("test_a.py::test_one \n[gw0] [1/2] PASSED test_a.py::test_one \n",
                "test_a.py::test_two \n[gw1] [2/2] FAILED test_a.py::test_two \n"),
    "matrix": ("6.1 fentry starts passed [1/2]\n", "6.1 fentry roles FAILED [2/2]\n"),
}
REST = "E   assert 3 != 3\n"


def shown_on_a_terminal(text, log):
    terminal, its_end = pty.openpty()
    subprocess.run([PROGRESS, "part", log], input=text, text=True, stdout=its_end, check=True,
                   timeout=30)
    shown = os.read(terminal, 1 << 16).decode()
    os.close(its_end)
    os.close(terminal)
    return shown


@pytest.mark.parametrize("runner", RUNNERS)
def test_shows_how_far_it_is(runner, tmp_path):
    log = tmp_path / "log"
    text = "".join(RUNNERS[runner]) + REST
    shown = shown_on_a_terminal(text, log).replace("\r\033[K", "\n").split("\n")
    assert [line for line in shown if line.strip()] == [
        "  part: 1 of 2, about 0 s left", "  part: 2 of 2, 1 failed, about 0 s left",
        REST.strip() + "\r"]
    assert log.read_text() == text


def test_a_file_is_not_filled_with_counts(tmp_path):
    text = "".join(f"a test passed [{i}/1000]\n" for i in range(1000)) + REST
    done = subprocess.run([PROGRESS, "part", tmp_path / "log"], input=text, text=True,
                          capture_output=True, check=True, timeout=30)
    assert done.stdout == REST

# SPDX-License-Identifier: Apache-2.0
"""A few tests that fail are run again, one by one, and the report tells which passed only then."""

import pathlib
import subprocess
import sys

import pytest

TEST = pathlib.Path(__file__).parents[1]
TESTS = '''
import pathlib
import pytest

def test_is_sound():
    pass

@pytest.mark.parametrize("value", ["a-1"])
def test_fails_once(value):
    mark = pathlib.Path(__file__).with_suffix(f".{value}")
    failed = mark.exists()
    mark.touch()
    assert failed

@pytest.mark.parametrize("value", range(COUNT))
def test_fails(value):
    assert not value + 1
'''


def run(command, directory, **options):
    return subprocess.run(list(map(str, command)), cwd=directory, capture_output=True, text=True,
                          timeout=60, **options)


def counts_after(directory, failing):
    """The lines of junit_counts.py for tests of which so many fail each time."""
    (directory / "test_some.py").write_text(TESTS.replace("COUNT", str(failing)))
    report = directory / "report.xml"
    run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", directory,
         f"--junitxml={report}"], directory, check=False)
    run([TEST / "again.py", report], directory, check=True)
    counts = run([TEST / "junit_counts.py", report], directory, check=True).stdout
    return counts.splitlines()


@pytest.mark.parametrize("failing", [1, 2])
def test_a_test_that_passes_then_is_named(failing, tmp_path):
    first, *lines = counts_after(tmp_path, failing)
    assert first == f"2 {failing} 0"
    assert [line.partition(": ")[0] for line in lines] == (["passed only when run again"]
                                                           + ["failed"] * failing)
    assert "test_some test_fails_once[a-1]" in lines[0]


def test_many_failures_are_failures(tmp_path):
    assert counts_after(tmp_path, 20)[0] == "1 21 0"

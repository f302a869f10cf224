#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs again, one by one, the tests that failed by a JUnit report of pytest or test/vm/run. Where one
passes now, the report says so: it has a flakyFailure, as Maven's reports do, and no failure.

Usage: again.py REPORT    (more than a few failures are no chance: they stay as they are)
"""

import pathlib
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
FEW = 4
LIMIT = 900  # seconds for each
OF_A_GUEST = ("doctor", "kernel")  # not of a mode: what is asked of all that a guest went through
FAILURES = {"failure": "failures", "error": "errors"}  # and the attribute that counts them


def command_of(case):
    """Runs this test alone; None where it cannot be."""
    classname, name = case.get("classname"), case.get("name")
    if classname.startswith("vm."):
        row, _, mode = classname.removeprefix("vm.").rpartition(".")
        if mode in OF_A_GUEST:
            return None
        return [ROOT / "test/vm/run", row, "--mode", mode, "--case", name]
    return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--no-header", "-q",
            f"{classname.replace('.', '/')}.py::{name}"]


def passes(case):
    command = command_of(case)
    if not command:
        return False
    print(f"== again: {case.get('classname')} {case.get('name')}", flush=True)
    try:
        return subprocess.run(command, check=False, timeout=LIMIT).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def failed_cases(tree):
    return [(suite, case, element) for suite in tree.iter("testsuite")
            for case in suite.iter("testcase") for element in case if element.tag in FAILURES]


def main(report):
    tree = ElementTree.parse(report)
    found = failed_cases(tree)
    if len(found) > FEW:
        return
    for suite, case, element in found:
        if passes(case):
            count = FAILURES[element.tag]
            suite.set(count, str(int(suite.get(count)) - 1))
            element.tag = "flakyFailure"
    tree.write(report, encoding="utf-8", xml_declaration=True)


if __name__ == "__main__":
    main(sys.argv[1])

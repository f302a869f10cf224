#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints how many tests passed, failed and were skipped, from a JUnit report of ctest or pytest;
then a line for each that failed, was skipped, or passed only when it was run again (again.py).

Usage: junit_counts.py REPORT    (without such a report: 0 0 0)
"""

import sys
import xml.etree.ElementTree as ElementTree

TEXT_SHOWN = 200  # characters of a reason
NOT_PASSED = {"failure": "failed", "error": "failed", "skipped": "skipped",
              "flakyFailure": "passed only when run again"}


def suites_of(report):
    try:
        return list(ElementTree.parse(report).getroot().iter("testsuite"))
    except (OSError, ElementTree.ParseError):
        return []


def reason(element):
    lines = (element.get("message") or element.text or "").strip().splitlines()
    return lines[0][:TEXT_SHOWN] if lines else "no reason given"


def not_passed(suites):
    for case in (case for suite in suites for case in suite.iter("testcase")):
        for element in case:
            if element.tag in NOT_PASSED:
                yield (f"{NOT_PASSED[element.tag]}: {case.get('classname')} {case.get('name')}: "
                       f"{reason(element)}")


def main(report):
    suites = suites_of(report)

    def total(*attributes):
        return sum(int(suite.get(name, 0)) for suite in suites for name in attributes)

    skipped = total("skipped", "disabled")
    failed = total("failures", "errors")
    print(total("tests") - failed - skipped, failed, skipped)
    for line in not_passed(suites):
        print(line)


if __name__ == "__main__":
    main(sys.argv[1])

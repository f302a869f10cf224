#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints how many tests passed, failed and were skipped, from a JUnit report of ctest or pytest.

Usage: junit_counts.py REPORT    (without such a report: 0 0 0)
"""

import sys
import xml.etree.ElementTree as ElementTree


def suites_of(report):
    try:
        return list(ElementTree.parse(report).getroot().iter("testsuite"))
    except (OSError, ElementTree.ParseError):
        return []


def main(report):
    def total(*attributes):
        return sum(int(suite.get(name, 0)) for suite in suites_of(report) for name in attributes)

    skipped = total("skipped", "disabled")
    failed = total("failures", "errors")
    print(total("tests") - failed - skipped, failed, skipped)


if __name__ == "__main__":
    main(sys.argv[1])

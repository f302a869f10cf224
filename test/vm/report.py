# SPDX-License-Identifier: Apache-2.0
"""What the guests found: a line for each row, and a JUnit report."""

import dataclasses
import json
import sys
import xml.etree.ElementTree as ElementTree

from matrix import HERE

sys.path[:0] = [str(HERE / "guest"), str(HERE.parent / "e2e")]
from cases import cases, chosen  # noqa: E402

FAILURES_SHOWN = 3
OF_A_MODE = ("starts", "roles", "nothing-lost", "stops")
XML_FORBIDDEN = {code: "?" for code in range(32) if chr(code) not in "\t\n\r"}


@dataclasses.dataclass
class Result:
    mode: str
    name: str
    failure: str | None = None
    seconds: float = 0.0


def expected(plan):
    """The (mode, name) of each case that a row with this plan must report."""
    found = [("kernel", "kernel-log"), ("doctor", "doctor")]
    if plan["few_rights"] is not None:
        found += [("doctor", "bpf-alone"), ("doctor", "bpf-and-perfmon")]
    for mode in plan["modes"]:
        found += [(mode, name) for name in OF_A_MODE + ("module",) * ("fuse" in plan["modules"])]
        found += [(mode, case.name) for case in chosen(cases(plan, mode), plan["only"])]
    return found


class RowReport:
    """Reads a guest's lines; in the end each expected case has a result."""

    def __init__(self, row, plan):
        self.row = row
        self.expected = expected(plan)
        self.results = {}
        self.endings = {}  # by mode: the lines of accounts.table()
        self.output = []

    def read(self, line):
        """The result that the line tells, if it does."""
        try:
            told = json.loads(line)
            if "endings" in told:
                self.endings[told["mode"]] = told["endings"]
                return None
            result = Result(**told)
        except (ValueError, TypeError):
            self.output.append(line)
            return None
        self.results[result.mode, result.name] = result
        return result

    def finish(self, trouble):
        """`trouble` is why the guest as a whole failed, if it did."""
        for mode, name in self.expected:
            if (mode, name) not in self.results:
                self.results[mode, name] = Result(mode, name, f"did not run: {trouble or '?'}")
        if trouble and not self.failures():
            self.results["guest", "guest"] = Result("guest", "guest", trouble)

    def failures(self):
        return [result for result in self.results.values() if result.failure]

    def summary(self, seconds):
        """One line; below it the first failures, and what became of requests in each mode."""
        modes = {}
        for result in self.results.values():
            good, bad = modes.get(result.mode, (0, 0))
            modes[result.mode] = (good, bad + 1) if result.failure else (good + 1, bad)
        counts = ", ".join(f"{mode} {good} passed" + f" {bad} FAILED" * bool(bad)
                           for mode, (good, bad) in modes.items())
        shown = [f"    {result.mode} {result.name}: {result.failure.splitlines()[0]:.300}"
                 for result in self.failures()]
        more = len(shown) - FAILURES_SHOWN
        tables = [f"    {mode:<10}  {line}" for mode, lines in self.endings.items()
                  for line in lines]
        return "\n".join([f"{self.row.name}: {counts} ({seconds:.0f} s)", *shown[:FAILURES_SHOWN],
                          *([f"    ... and {more} more"] if more > 0 else ()), *tables])


def write_junit(file, reports):
    suites = ElementTree.Element("testsuites")
    for report in reports:
        results = report.results.values()
        suite = ElementTree.SubElement(suites, "testsuite", name=f"vm.{report.row.name}",
                                       tests=str(len(results)), errors="0", skipped="0",
                                       failures=str(len(report.failures())))
        for result in results:
            case = ElementTree.SubElement(suite, "testcase", name=result.name,
                                          classname=f"vm.{report.row.name}.{result.mode}",
                                          time=str(result.seconds))
            if result.failure:
                text = result.failure.translate(XML_FORBIDDEN)
                failure = ElementTree.SubElement(case, "failure", message=text.splitlines()[0])
                failure.text = text
        output = ElementTree.SubElement(suite, "system-out")
        output.text = "\n".join(report.output).translate(XML_FORBIDDEN)
    ElementTree.ElementTree(suites).write(file, encoding="utf-8", xml_declaration=True)

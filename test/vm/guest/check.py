# SPDX-License-Identifier: Apache-2.0
"""Runs in a guest: all cases in each hook mode. Prints a line of JSON for each case, which
report.py reads. The only argument is a Plan, as JSON."""

import ast
import fnmatch
import functools
import json
import re
import subprocess
import sys
import time
import traceback

sys.path[:0] = ["/fusescope/test/vm/guest", "/fusescope/test/e2e"]

import accounts  # noqa: E402
import harness  # noqa: E402

# An emulated processor is slow.
harness.SEEN_AFTER *= 2
harness.wait_for = functools.partial(harness.wait_for, timeout=120)
from cases import cases, chosen  # noqa: E402
from module import check_module  # noqa: E402
from rights import check_bpf_alone, check_bpf_and_perfmon  # noqa: E402
from shared import WORK, SharedAgent, SharedMount, VirtiofsMount  # noqa: E402

COMPLAINT = re.compile(r"\b(BUG|WARNING|Oops|RIP|Call Trace|stall|hung_task|blocked for)\b")


def compared(line, frame):
    """Both sides of the comparison that an assert failed on, if it is one; pytest would tell."""
    try:
        test = ast.parse(line.strip()).body[0].test
        return " != ".join(repr(eval(ast.unparse(side), frame.f_globals, frame.f_locals))
                           for side in (test.left, *test.comparators))
    except Exception:  # pylint: disable=broad-exception-caught
        return ""


def explain(error):
    """One line of what failed, then the variables of the function that it failed in."""
    last, _ = list(traceback.walk_tb(error.__traceback__))[-1]
    where = traceback.extract_tb(error.__traceback__)[-1]
    values = compared(where.line, last)
    text = f"{where.line}: {type(error).__name__}: {error}{values} ({where.name}:{where.lineno})"
    return "\n".join([f"{text:.2000}".replace("\n", " "),
                      *(f"  {name} = {repr(value):.500}" for name, value in last.f_locals.items())])


class Skipped:
    """Programs that the kernel skipped since this object was made, as the agent counts them."""

    def __init__(self, agent):
        self.agent = agent
        self.before = lost(agent).get("recursion", 0)

    def now(self):
        return lost(self.agent).get("recursion", 0) - self.before


class Report:
    def __init__(self):
        self.failures = 0

    def case(self, mode, name, function, *args, must_fail=False, skipped=None, **kwargs):
        """Runs one case; true if it went as it must, or if events were skipped and counted."""
        begin = time.monotonic()
        failure = None
        try:
            function(*args, **kwargs)
        except Exception as error:  # pylint: disable=broad-exception-caught
            failure = explain(error)
        if failure and skipped and skipped.now():
            print(f"{mode} {name}: {skipped.now()} programs skipped, and counted: {failure}")
            failure = None
        if must_fail:
            failure = None if failure else "listed as missing in kernels.toml, but works"
        self.failures += failure is not None
        print(json.dumps({"mode": mode, "name": name, "failure": failure,
                          "seconds": round(time.monotonic() - begin, 2)}), flush=True)
        return failure is None


def start_agent(started, options, log):
    started.append(SharedAgent(*options, log=log))


def check_doctor(missing, lossy):
    """It finds the roles filled, save those that kernels.toml lists for auto, and says so."""
    done = subprocess.run([harness.AGENT, "doctor", "--json"], capture_output=True, text=True,
                          check=False, timeout=120)
    print("doctor", done.stdout, done.stderr, flush=True)
    roles = json.loads(done.stdout)["roles"]
    absent = {role["role"] for role in roles if role["state"] == "missing"}
    inexact = {role["role"] for role in roles if role["state"] != "exact"}
    assert absent == set(missing), [role["reason"] for role in roles]
    assert {role["state"] for role in roles} <= {"exact", "missing", *["lossy"] * lossy}
    assert done.returncode == min(len(inexact), 1)


def check_roles(agent, mode, missing):
    """The roles are filled by hooks of this mode, save those that kernels.toml lists."""
    scrape = agent.scrape_all()
    absent = {s.labels["role"] for s in scrape.select("fusescope_hook_missing")}
    modes = {s.labels["role"]: s.labels["mode"] for s in scrape.select("fusescope_hook_info")}
    print("roles", modes, "missing", sorted(absent), flush=True)
    assert mode == "auto" or set(modes.values()) == {mode}, modes
    assert absent == set(missing)


def lost(agent):
    return {s.labels["reason"]: s.value
            for s in agent.scrape_all().select("fusescope_lost_events_total") if s.value}


def check_nothing_lost(agent, may_skip):
    """But the requests that test_endings made to be lost."""
    seen = lost(agent)
    provoked = accounts.take_lost()
    if provoked and provoked == sum(seen.get(reason, 0) for reason in harness.LOST_REQUESTS):
        seen = {key: count for key, count in seen.items() if key not in harness.LOST_REQUESTS}
    if not (may_skip and "recursion" in seen):
        assert seen == {}


def check_kernel_log():
    """Nothing that the agent did made the kernel complain."""
    log = subprocess.run(["dmesg"], capture_output=True, text=True, check=True).stdout
    complaints = [line for line in log.splitlines() if COMPLAINT.search(line)]
    assert complaints == []


def check_stops(agent, mount):
    mount.stop()
    assert agent.stop() == 0, "the agent must end with 0 on SIGTERM"


def run_case(case, agent, mount):
    try:
        case.function(agent, mount, **case.arguments)
    finally:
        mount.end_case()


def matches(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def check_mode(report, plan, mode):
    log = WORK / f"agent-{mode}.log"
    started = []
    try:
        if not report.case(mode, "starts", start_agent, started, [f"--hooks={mode}"], log):
            return
        agent = started[0]
        report.case(mode, "roles", check_roles, agent, mode, plan["missing_roles"].get(mode, ()))
        mount = (VirtiofsMount(agent) if plan["virtiofs"] else SharedMount(agent, plan["countfs"]))
        for case in chosen(cases(plan, mode), plan["only"]):
            if not case.arguments:
                mount.stop()
            skipped = Skipped(agent) if mode in plan["skips"] else None
            report.case(mode, case.name, run_case, case, agent, mount, skipped=skipped,
                        must_fail=matches(f"{mode}/{case.name}", plan["missing"]))
        print(json.dumps({"mode": mode, "endings": accounts.table()}))
        report.case(mode, "nothing-lost", check_nothing_lost, agent, mode in plan["skips"])
        report.case(mode, "stops", check_stops, agent, mount)
    finally:
        print(log.read_text(), flush=True)


def main(plan):
    WORK.mkdir(parents=True)
    report = Report()
    report.case("doctor", "doctor", check_doctor, plan["missing_roles"].get("auto", ()),
                plan["lossy"])
    if plan["few_rights"] is not None:
        report.case("doctor", "bpf-alone", check_bpf_alone)
        report.case("doctor", "bpf-and-perfmon", check_bpf_and_perfmon, plan["few_rights"])
    for mode in plan["modes"]:
        check_mode(report, plan, mode)
        if "fuse" in plan["modules"]:
            report.case(mode, "module", check_module, mode, WORK / f"module-{mode}.log")
    report.case("kernel", "kernel-log", check_kernel_log)
    return min(report.failures, 1)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))

# SPDX-License-Identifier: Apache-2.0
"""One workload has one verdict: on each screen, in each rule, of each exit code."""

import contextlib
import dataclasses
import json
import pathlib
import re
import subprocess
import time
import urllib.request

import pytest
import yaml

import workloads
from harness import AGENT, LIMIT, SEEN_AFTER, SGIO, Agent, Countfs, raised_limit, sgio
from stat_report import Stat
from test_dashboards import load_dashboard, panels_of
from test_rules import DASHBOARDS
from test_top import tables

CALLS = 8
STREAM = ("--buffered", "--engine", "stream", "--segments", "1", "--segment-bytes")


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    max_pages: int
    sgio: tuple
    requests: int  # of a call
    needed: int  # of these
    cause: str | None = None  # None: the verdict is ok
    mode: str = "direct"
    verify: tuple | None = None  # its options, where its shapes have such calls

    def verdict(self):
        return "limited" if self.cause else "ok"

    def command(self, filesystem):
        return [str(SGIO), "--calls", str(CALLS), *self.sgio, filesystem.label + "/data"]


CASES = [
    Case("1-MiB", 256, ("--direct", *workloads.VECTOR), 1, 1, verify=()),
    Case("4-MiB", 256, ("--direct", *workloads.LARGE), 4, 4),
    Case("32-pages", 32, ("--direct", *workloads.VECTOR), 8, 1, "max_pages", verify=()),
    Case("4-MiB-in-32-pages", 32, ("--direct", *workloads.LARGE), 32, 4, "max_pages"),
    Case("unaligned", 256, ("--direct", *workloads.UNALIGNED), 2, 1, "page_slots",
         verify=("--unaligned",)),
    Case("within-readahead", 256, (*STREAM, "128K"), 0, 0, mode="buffered"),
    Case("beyond-readahead", 256, (*STREAM, "1M"), 8, 1, "readahead_window", mode="buffered"),
]
BY_NAME = {case.name: case for case in CASES}
SPLIT = {case.name for case in CASES if case.cause}
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def name_of(mountpoint):
    return pathlib.PurePath(mountpoint).name


@pytest.fixture(scope="module")
def filesystems(tmp_path_factory):
    directory = tmp_path_factory.mktemp("one-answer")
    with contextlib.ExitStack() as stack:
        found = {}
        for case in CASES:
            found[case.name] = Countfs(directory, *workloads.LIMITS[case.max_pages],
                                       mountpoint=directory / case.name)
            stack.callback(found[case.name].stop)
        yield found


def until_seen(lines, label):
    """What top prints up to the end of the refresh that first has a verdict on this mount."""
    is_seen = False
    for line in lines:
        yield line
        is_seen = is_seen or label in line and re.search(r"  (ok|limited|broken)\b", line)
        if is_seen and not line.strip():
            return


@pytest.fixture(scope="module")
def seen(agent, filesystems):
    """All workloads once, under stat and top, and what each of them says; the agent's metrics and
    the data of its page."""
    with subprocess.Popen([AGENT, "top", "-d", "0.5", "-n", "60"], stdout=subprocess.PIPE,
                          text=True) as top:
        first = top.stdout.readline()  # its hooks are attached
        script = "".join(f'"{SGIO}" --calls {CALLS} {" ".join(case.sgio)} '
                         f'"{filesystems[case.name].label}/data" >/dev/null\n' for case in CASES)
        stat = subprocess.run([AGENT, "stat", "--", "sh", "-ec", script], capture_output=True,
                              text=True, timeout=60, check=True)
        rest = [*until_seen(top.stdout, filesystems[CASES[-1].name].label)]
        top.terminate()
    with urllib.request.urlopen(agent.url + "/api/mounts", timeout=10) as response:
        page = json.load(response)
    return {"stat": stat.stderr, "top": first + "".join(rest), "page": page,
            "metrics": agent.scrape()}


def sums(scrape, filesystem, case):
    labels = {"mountpoint": filesystem.label, "mode": case.mode}
    return (scrape.total("fuse_io_requests_sum", **labels),
            scrape.total("fuse_io_minimum_requests_total", **labels))


@each_case
def test_metrics(seen, filesystems, case):
    requests, minimum = sums(seen["metrics"], filesystems[case.name], case)
    assert (requests > minimum) == bool(case.cause)
    if case.mode == "direct":
        assert (requests, minimum) == (CALLS * case.requests, CALLS * case.needed)


@each_case
def test_table_of_stat(seen, filesystems, case):
    lines = iter(seen["stat"].splitlines())
    next(line for line in lines if line.startswith(filesystems[case.name].label + " ("))
    next(lines)  # the heading
    row = next(lines).split()
    assert (row[1], row[-1]) == (case.mode, case.verdict())


@each_case
def test_json_and_exit_code_of_stat(filesystems, tmp_path, case):
    filesystem = filesystems[case.name]
    file = tmp_path / "report.json"
    done = subprocess.run([AGENT, "stat", "--json", "--fail-on-split", "-o", file, "--",
                           *case.command(filesystem)], stdout=subprocess.DEVNULL, timeout=60,
                          check=False)
    report = Stat(json.loads(file.read_text()), filesystem.label)
    calls = report.calls("read", case.mode)
    assert report.whole["verdict"] == calls["verdict"] == case.verdict()
    assert calls["excess_requests"] == calls["requests"] - calls["minimum_requests"]
    assert done.returncode == (calls["excess_requests"] > 0) == bool(case.cause)
    assert any(split["remedy"] for split in calls["splits"]) == bool(case.cause)


@each_case
def test_top(seen, filesystems, case):
    verdicts = {row["VERDICT"] for _, rows in tables(seen["top"]) for row in rows
                if row["MOUNT"] == filesystems[case.name].label}
    assert verdicts - {"-", "idle"} == {f"{case.verdict()} {case.cause or ''}".strip()}


@each_case
def test_live_page(seen, filesystems, case):
    [mount] = [mount for mount in seen["page"]["mounts"]
               if mount["mountpoint"] == filesystems[case.name].label]
    for judged in (mount, mount["since_start"]):
        assert (judged["verdict"], judged["cause"]) == (case.verdict(), case.cause)


@pytest.mark.parametrize("case", [case for case in CASES if case.verify is not None],
                         ids=lambda case: case.name)
def test_verify(filesystems, case):
    done = subprocess.run([AGENT, "verify", "--json", *case.verify, filesystems[case.name].label],
                          stdout=subprocess.PIPE, timeout=90, check=False)
    report = json.loads(done.stdout)
    assert report["verdict"] == case.verdict()
    assert {op["cause"] for op in report["ops"] if op["mode"] == case.mode} == {case.cause}
    assert done.returncode == bool(case.cause)


def expression_of(dashboard, title):
    [panel] = [panel for panel in panels_of(load_dashboard(dashboard)) if panel["title"] == title]
    expression = panel["targets"][0]["expr"].replace("$__rate_interval", "5m")
    for variable in ("$job", "$instance", "$mountpoint", "$cluster"):
        expression = expression.replace(variable, ".*")
    return expression


def firing(alert):
    return f'ALERTS{{alertname="{alert}",alertstate="firing"}}'


# The expression, and the cases that it has series of.
RULES = {
    "FuseIoSplit": (firing("FuseIoSplit"), SPLIT),
    "FuseLimitTooSmall": (firing("FuseLimitTooSmall"), {"32-pages", "4-MiB-in-32-pages"}),
    "FuseScatterGatherBroken": (firing("FuseScatterGatherBroken"), set()),
    "recorded": ("instance_mountpoint_mode:fuse_io_excess:ratio_rate5m > 0.001", SPLIT),
    "dashboard": (expression_of("fusescope.json", "Which mount is split, and why"), SPLIT),
    "limits": (expression_of("fusescope.json", "Excess requests, by the limit that binds"), SPLIT),
    "fleet": (expression_of("fleet.json", "Worst mounts: share of requests that are not needed"),
              SPLIT),
}


def series(scrape, filesystems):
    """What was counted, again and again: a thousand times as much each minute."""
    labels_of = {fs.label: {"job": "fusescope", "instance": "a"} for fs in filesystems.values()}
    for name, samples in scrape.samples.items():
        for sample in samples if name.startswith("fuse_io_") else ():
            if sample.labels["mountpoint"] in labels_of:
                labels = {**sample.labels, **labels_of[sample.labels["mountpoint"]]}
                text = ",".join(f"{key}={json.dumps(value)}" for key, value in labels.items())
                yield {"series": f"{name}{{{text}}}", "values": f"0+{1000 * sample.value:.0f}x30"}


def expected(filesystems, names):
    return [{"labels": f'{{mountpoint={json.dumps(filesystems[name].label)}}}', "value": 1}
            for name in names]


@pytest.mark.parametrize("rule", RULES)
def test_rules_and_dashboards(seen, filesystems, tmp_path, rule):
    expression, names = RULES[rule]
    tests = {"rule_files": [str(DASHBOARDS / "alerts.yml"), str(DASHBOARDS / "recording.yml")],
             "evaluation_interval": "1m",
             "tests": [{"interval": "1m",
                        "input_series": [*series(seen["metrics"], filesystems)],
                        "promql_expr_test": [{
                            "expr": f"count by (mountpoint) (count by (mountpoint, mode) "
                                    f"({expression}))",
                            "eval_time": "25m", "exp_samples": expected(filesystems, names)}]}]}
    file = tmp_path / "tests.yml"
    file.write_text(yaml.safe_dump(tests))
    done = subprocess.run(["promtool", "test", "rules", file], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.serial
def test_limit_of_the_host_is_followed(agent, filesystems):
    """A mount keeps what it negotiated; what can be had is measured by what the host allows now."""
    case = BY_NAME["4-MiB"]
    filesystem = filesystems[case.name]
    before = sums(agent.scrape(), filesystem, case)
    with raised_limit() as pages:
        agent.scrape()
        sgio(filesystem.path(), "--calls", CALLS, *case.sgio)
        done = subprocess.run([AGENT, "stat", "--json", "--fail-on-split", "--",
                               *case.command(filesystem)], capture_output=True, text=True,
                              timeout=60, check=False)
        time.sleep(SEEN_AFTER)
        after = sums(agent.scrape(), filesystem, case)
    report = json.loads(done.stderr.splitlines()[-1])
    needed = case.needed * 256 // pages
    assert [now - then for now, then in zip(after, before)] == [2 * CALLS * 4, 2 * CALLS * needed]
    assert report["host_max_pages"] == pages and report["host_max_pages_guess"] is None
    assert report["excess_requests"] == CALLS * (4 - needed)
    assert (done.returncode, report["verdict"]) == ((1, "limited") if needed < 4 else (0, "ok"))


def test_a_limit_that_cannot_be_read_is_a_guess(tmp_path):
    """By doctor, by stat, and once in the log of serve: its file is hidden by another."""
    garbage = tmp_path / "garbage"
    garbage.write_text("none of your business\n")
    # A kernel before 6.13 has no such file: there all settings are hidden.
    hidden = (garbage, LIMIT) if LIMIT.exists() else (tmp_path, LIMIT.parents[2])
    under = ["unshare", "--mount", "sh", "-c", 'mount --bind "$1" "$2" && shift 2 && exec "$@"', "sh",
             *hidden, AGENT]
    guess = "256 pages are taken for the largest request of this host"
    done = subprocess.run([*under, "doctor", "--json"], stdout=subprocess.PIPE, check=False)
    assert guess in json.loads(done.stdout)["kernel"]["fuse_max_pages_guess"]
    done = subprocess.run([*under, "stat", "--json", "--", "true"], stderr=subprocess.PIPE, check=True)
    assert guess in json.loads(done.stderr)["host_max_pages_guess"]
    log = tmp_path / "agent.log"
    agent = Agent(under=under, log=log)
    agent.scrape()
    assert agent.stop() == 0
    assert log.read_text().count(guess) == 1

# SPDX-License-Identifier: Apache-2.0
"""The alert and recording rules: accepted by Prometheus, tried both ways, documented, and only about
metrics that exist."""

import pathlib
import re
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DASHBOARDS = ROOT / "dashboards"
RUNBOOKS = "https://github.com/fusescope/fusescope/blob/main/dashboards/runbooks/"
METRIC = re.compile(r"\b(?:fuse_|fusescope_)[a-z0-9_]+\b")
SECTIONS = ("## How bad is it", "## What to look at", "## What to change")


def rules_of(name):
    groups = yaml.safe_load((DASHBOARDS / name).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


ALERTS = {rule["alert"]: rule for rule in rules_of("alerts.yml")}
RECORDS = {rule["record"]: rule for rule in rules_of("recording.yml")}


def exported():
    """The series names of docs/metrics.md, which a unit test holds to the code."""
    names = set()
    for name, kind in re.findall(r"^\| `(\w+)` \| (\w+) \|", (ROOT / "docs/metrics.md").read_text(),
                                 re.MULTILINE):
        names |= {name} if kind != "histogram" else {name + end
                                                     for end in ("_bucket", "_sum", "_count")}
    return names


def promtool(*args):
    done = subprocess.run(["promtool", *args], cwd=DASHBOARDS, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["alerts.yml", "recording.yml"])
def test_rules_do_what_their_tests_say(name):
    promtool("check", "rules", name)
    promtool("test", "rules", f"tests/{name}")


@pytest.mark.parametrize("name", ALERTS)
def test_alert_tells_what_to_do(name):
    notes = ALERTS[name]["annotations"]
    assert notes.keys() == {"summary", "description", "runbook_url"}
    assert "$labels.instance" in notes["summary"] and len(notes["summary"]) < 120
    assert notes["runbook_url"] == f"{RUNBOOKS}{name}.md"
    page = (DASHBOARDS / "runbooks" / f"{name}.md").read_text()
    assert page.startswith(f"# {name}\n") and all(section in page for section in SECTIONS)
    assert ALERTS[name]["labels"]["severity"] in ("critical", "warning", "info")


def test_every_page_is_of_an_alert():
    assert {page.stem for page in (DASHBOARDS / "runbooks").glob("*.md")} == ALERTS.keys()


def subjects(test):
    """The hosts and mounts that a test has series of."""
    return {tuple(re.findall(r'\b(?:instance|mountpoint)="([^"]*)"', each["series"]))
            for each in test["input_series"]}


@pytest.mark.parametrize("name", ALERTS)
def test_alert_is_tried_both_ways(name):
    """It fires, and in the same or another test it does not: not yet, or not for another mount."""
    tests = yaml.safe_load((DASHBOARDS / "tests/alerts.yml").read_text())["tests"]
    cases = [(len(case["exp_alerts"]), len(subjects(test))) for test in tests
              for case in test["alert_rule_test"] if case["alertname"] == name]
    assert any(fires for fires, _ in cases)
    assert any(fires < there_are for fires, there_are in cases)


@pytest.mark.parametrize("name", RECORDS)
def test_record_is_tried(name):
    assert re.match(r"[a-z_]+:fuse(scope)?_\w+:\w+$", name)
    tests = (DASHBOARDS / "tests/recording.yml").read_text()
    used = "".join(rule["expr"] for rule in RECORDS.values())
    assert f"expr: {name}" in tests or f"/ {name}" in tests or name in used


@pytest.mark.parametrize("rule", [*ALERTS.values(), *RECORDS.values()],
                         ids=lambda rule: rule.get("alert") or rule.get("record"))
def test_only_metrics_that_exist(rule):
    without_records = re.sub(r"\b[a-z_]+:\w+:\w+", "", rule["expr"])
    assert set(METRIC.findall(re.sub(r'"[^"]*"', "", without_records))) <= exported()
    assert set(re.findall(r"\b[a-z_]+:\w+:\w+", rule["expr"])) <= RECORDS.keys()

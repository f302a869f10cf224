# SPDX-License-Identifier: Apache-2.0
"""docs/fleet.md: its configurations are accepted by Prometheus and keep what they say, and its
figures are those of the program that measures them."""

import re
import shutil
import subprocess

import pytest

from fleet_doc import DOCUMENT, blocks, job, keeps
from harness import missing_roles
from test_rules import DASHBOARDS, METRIC, RECORDS, ROOT, exported, rules_of

WITHOUT_FUNCTIONS = {"allocated", "blocked", "taken"}  # the host that was measured
JOBS = ("fusescope", "fusescope-lean")


@pytest.mark.parametrize("number", range(len(blocks())))
def test_prometheus_takes_the_configuration(tmp_path, number):
    for rules in ("alerts.yml", "recording.yml"):
        shutil.copy(DASHBOARDS / rules, tmp_path)
    (tmp_path / "prometheus.yml").write_text(blocks()[number])
    done = subprocess.run(["promtool", "check", "config", "prometheus.yml"], cwd=tmp_path,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout


def read_by_rules():
    """The series that alerts and recording rules name."""
    expressions = [rule["expr"] for name in ("alerts.yml", "recording.yml")
                   for rule in rules_of(name)]
    return {name for expression in expressions
            for name in METRIC.findall(re.sub(r'"[^"]*"|\b[a-z_]+:\w+:\w+', "", expression))}


@pytest.mark.parametrize("name", JOBS)
def test_keeps_what_the_rules_read(name):
    is_kept = keeps(job(name)["metric_relabel_configs"])
    for op in ("read", "write"):
        kept = {series for series in exported()
                if is_kept({"__name__": series, "op": op, "mode": "direct"})}
        assert kept == read_by_rules()
    assert is_kept({"__name__": "fuse_io_splits_total", "op": "write", "mode": "buffered"})
    assert is_kept({"__name__": "fuse_io_requests_sum", "op": "read", "mode": "buffered"})
    assert not is_kept({"__name__": "fuse_io_requests_count", "op": "read", "mode": "buffered"})


def test_lean_has_no_other_durations():
    labels = {"__name__": "fuse_request_duration_seconds_bucket", "op": "lookup"}
    assert [keeps(job(name)["metric_relabel_configs"])(labels) for name in JOBS] == [True, False]


def test_sends_what_is_recorded():
    [remote] = [block for block in blocks() if "remote_write" in block]
    sent = re.search(r'regex: "(.*)"', remote)[1]
    pulled = re.search(r'__name__=~"(.*)"', job("federate")["params"]["match[]"][0])[1]
    for name in RECORDS:
        assert re.fullmatch(sent, name)
        assert bool(re.fullmatch(pulled, name)) == name.startswith("cluster")
    assert re.fullmatch(sent, "ALERTS")
    assert not any(re.fullmatch(pattern, name) for pattern in (sent, pulled) for name in exported())


def test_names_the_alerts_that_read_histograms():
    """Which native histograms would silence."""
    section = DOCUMENT.read_text().partition("## Native histograms")[2]
    histograms = {name.removesuffix("_bucket") for name in exported() if name.endswith("_bucket")}
    ends = "|".join(f"{name}_(?:bucket|sum|count)" for name in histograms)
    silent = {rule["alert"] for rule in rules_of("alerts.yml")
              if re.search(rf"\b(?:{ends})\b", rule["expr"])}
    assert set(re.findall(r"\bFuse\w+", section)) == silent


def rows(text, pattern):
    return [list(map(int, re.findall(r"\d+", row.replace(",", ""))))
            for row in re.findall(pattern, text, re.MULTILINE)]


def test_figures_are_measured(agent):
    """Of hosts that fill other roles, and whose mounts have more or fewer series, only that it
    works."""
    done = subprocess.run([ROOT / "test/bench/series", "--mounts", "0,1"], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    assert done.returncode == 0, done.stdout
    [none, one] = rows(done.stdout, r"^\d+ mounts? .*")[:2]
    [_, series, of_mounts, kept, lean, *_] = one
    assert lean < kept < of_mounts < series == none[1] + of_mounts
    if missing_roles(agent.scrape()) == WITHOUT_FUNCTIONS:
        [written] = rows(DOCUMENT.read_text(), r"^\| 1 \| \d.*")
        assert [series, kept, lean] == written[1:4]
        assert f"mount has {none[1]} series. A mount adds {of_mounts}" in DOCUMENT.read_text()

# SPDX-License-Identifier: Apache-2.0
"""The Grafana dashboards: the rules that their usual linter has, and every expression against a
Prometheus that scrapes the agent."""

import contextlib
import itertools
import json
import re
import subprocess

import pytest

from harness import SGIO, Countfs, end, missing_roles, wait_for
from monitoring import Prometheus
from test_rules import DASHBOARDS, METRIC, RECORDS, RUNBOOKS, exported

RECORD = re.compile(r"\b[a-z_]+:\w+:\w+")
DASHBOARD_FILES = ("fusescope.json", "fleet.json")
# What a host shows only with the kernel's help: the expression, and what says that it has none.
ONLY_WITH_HOOK = {"fuse_request_phase_duration_seconds_sum": "taken"}
ONLY_WITH_SYSCTL = "fusescope_bpf_program_run_seconds_total"


def load_dashboard(name):
    return json.loads((DASHBOARDS / name).read_text())


def panels_of(dashboard):
    """All but rows; those of a collapsed row lie in it."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


ALL = [(name, panel) for name in DASHBOARD_FILES for panel in panels_of(load_dashboard(name))]
EXPRESSIONS = [(f"{panel['title']} {target['refId']}", target["expr"])
               for _, panel in ALL for target in panel["targets"]]
each_panel = pytest.mark.parametrize("panel", [panel for _, panel in ALL],
                                     ids=[f"{name[:-5]}-{panel['title']}" for name, panel in ALL])
each_expression = pytest.mark.parametrize("expression", [e for _, e in EXPRESSIONS],
                                          ids=[name for name, _ in EXPRESSIONS])
each_dashboard = pytest.mark.parametrize("name", DASHBOARD_FILES)


@each_dashboard
def test_dashboard_is_whole(name):
    dashboard = load_dashboard(name)
    assert dashboard["uid"] == {"fusescope.json": "fusescope", "fleet.json": "fusescope-fleet"}[name]
    assert dashboard["title"] and dashboard["description"]
    variables = {each["name"]: each for each in dashboard["templating"]["list"]}
    assert {"datasource", "job", "instance"} <= variables.keys()
    assert all(each["multi"] and each["includeAll"] for key, each in variables.items()
               if key != "datasource")
    ids = [panel["id"] for outer in dashboard["panels"] for panel in (outer, *outer.get("panels", []))]
    assert len(ids) == len({*ids})
    annotation = dashboard["annotations"]["list"][0]
    assert 'ALERTS{alertstate="firing"' in annotation["expr"]


@each_dashboard
def test_panels_do_not_overlap(name):
    places = [panel["gridPos"] for panel in load_dashboard(name)["panels"]]
    for one, other in itertools.combinations(places, 2):
        assert (one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
                or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"])
    assert all(place["x"] + place["w"] <= 24 for place in places)


@each_panel
def test_panel_explains_itself(panel):
    defaults = panel["fieldConfig"]["defaults"]
    assert panel["title"] and panel["description"].endswith(".") and defaults["unit"]
    assert defaults["thresholds"]["steps"]
    for link in panel.get("links", []):
        assert link["url"].startswith(RUNBOOKS)
        assert (DASHBOARDS / "runbooks" / link["url"].rpartition("/")[2]).exists()
    for thing in (panel, *panel["targets"]):
        assert thing["datasource"]["uid"] == "${datasource}"


@each_expression
def test_expression_keeps_the_rules(expression):
    for selector in re.findall(r"\{([^}]*)\}", expression):
        assert 'job=~"$job"' in selector
        assert 'instance=~"$instance"' in selector or 'cluster=~"$cluster"' in selector
    assert set(re.findall(r"\[([^\]]*)\]", expression)) <= {"$__rate_interval"}
    without_strings = re.sub(r'"[^"]*"', "", expression)
    assert set(RECORD.findall(without_strings)) <= RECORDS.keys()
    assert set(METRIC.findall(RECORD.sub("", without_strings))) <= exported()
    for counter in re.findall(r"\b\w+_(?:total|sum|count|bucket)\{", without_strings):
        assert f"rate({counter}" in without_strings, f"{counter[:-1]} outside rate()"


@pytest.fixture(scope="module")
def busy(agent, tmp_path_factory):
    """A mount that splits, with errors and a small background; half a minute of it, recorded."""
    directory = tmp_path_factory.mktemp("dashboards")
    with contextlib.ExitStack() as stack:
        filesystem = Countfs(directory, "--max-write", "128K", "--max-read", "128K", "--error-every",
                             "7", "--max-background", "2")
        stack.callback(filesystem.stop)
        for options in (("--keep-going",), ("--keep-going", "--op", "write")):
            load = subprocess.Popen([SGIO, "--direct", "--duration", "300", "--pause-us", "2000",
                                     *options, filesystem.path()], stdout=subprocess.DEVNULL)
            stack.callback(end, load)
        prometheus = Prometheus(directory, {"fusescope": [f"127.0.0.1:{agent.port}"]},
                                [DASHBOARDS / "recording.yml"])
        stack.callback(prometheus.stop)
        wait_for(lambda: prometheus.query("instance_mountpoint_mode:fuse_io_excess:ratio_rate5m > 0")
                 and prometheus.query("cluster_mode:fuse_io_excess:ratio_rate5m > 0"),
                 "recorded rates", 60)
        yield prometheus


def has_reason_for_none(expression, agent):
    """Why this host cannot have the series, by what the agent itself says."""
    for metric, role in ONLY_WITH_HOOK.items():
        if metric in expression:
            return role in missing_roles(agent.scrape())
    if ONLY_WITH_SYSCTL in expression:
        return not agent.scrape().select(ONLY_WITH_SYSCTL)
    return False


@each_expression
def test_expression_returns_data(busy, agent, expression):
    query = expression.replace("$__rate_interval", "10s")
    query = re.sub(r"\$\w+", ".*", query)
    found = busy.query(query)
    assert bool(found) != has_reason_for_none(expression, agent)

# SPDX-License-Identifier: Apache-2.0
"""The alerts from end to end: agent, Prometheus, Alertmanager, webhook, in seconds instead of
minutes."""

import contextlib
import pathlib
import re
import signal
import subprocess
import time

import pytest

from harness import SGIO, Agent, end, wait_for
from monitoring import Alertmanager, Prometheus, Webhook

RULES = pathlib.Path(__file__).resolve().parents[2] / "dashboards/alerts.yml"
SPEED_UP = 30  # of each duration in the rules, down to what intervals of a second allow
LEAST = 5
QUIET_SECONDS = 60  # half an hour of the rules as they are


def sped_up(match):
    seconds = int(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]
    return f"{max(LEAST, seconds // SPEED_UP)}s"


def quick_rules(directory, keep):
    """The same rules in a quicker time: windows and waits, and the age of a request that is stuck."""
    text = re.sub(r"\b(\d+)([smh])\b(?=\]|$)", sped_up, RULES.read_text(), flags=re.MULTILINE)
    stuck = "(fuse_oldest_request_age_seconds) > "
    assert f"{stuck}30" in text and "keep_firing_for: 6s" in text
    path = directory / "alerts.yml"
    path.write_text(text.replace(f"{stuck}30", f"{stuck}3").replace("keep_firing_for: 6s",
                                                                    f"keep_firing_for: {keep}"))
    return path


@contextlib.contextmanager
def monitoring(agent, directory, keep="6s"):
    webhook = Webhook()
    with contextlib.ExitStack() as stack:
        stack.callback(webhook.stop)
        alertmanager = Alertmanager(directory, webhook.url)
        stack.callback(alertmanager.stop)
        prometheus = Prometheus(directory, {"fusescope": [f"127.0.0.1:{agent.port}"]},
                                [quick_rules(directory, keep)], [alertmanager.address])
        stack.callback(prometheus.stop)
        prometheus.webhook = webhook
        yield prometheus


@pytest.fixture
def monitor(agent, tmp_path):
    with monitoring(agent, tmp_path) as prometheus:
        yield prometheus


@contextlib.contextmanager
def load(filesystem):
    with subprocess.Popen([SGIO, "--direct", "--duration", "300", "--pause-us", "5000",
                           filesystem.path()], stdout=subprocess.DEVNULL) as driver:
        try:
            yield
        finally:
            end(driver)


def arrived(monitor, name, status, filesystem):
    """The latest of this alert for the mount, if it has that status."""
    of_mount = [alert for alert in list(monitor.webhook.alerts)
                if alert["labels"]["alertname"] == name
                and alert["labels"].get("mountpoint") == filesystem.label]
    return of_mount and of_mount[-1]["status"] == status and of_mount[-1]


@pytest.mark.serial
@pytest.mark.slow
def test_healthy_mount_raises_no_alert(monitor, mount):
    filesystem = mount(name="healthy")
    with load(filesystem):
        wait_for(lambda: monitor.query("fuse_io_requests_count"), "a scrape", 30)
        time.sleep(QUIET_SECONDS)
        assert monitor.query(f'rate(fuse_io_requests_count{{mountpoint="{filesystem.label}",'
                             'op="read",mode="direct"}[5s])')[0][1] > 10
        raised = [alert for state in ("pending", "firing") for alert in monitor.alerts(state)]
    raised += [alert["labels"] for alert in monitor.webhook.alerts]
    # This host may lack hooks, or have mounts that are not healthy: that is no fault of this one.
    about_it = [alert for alert in raised
                if alert.get("mountpoint", filesystem.label) == filesystem.label]
    assert {alert["alertname"] for alert in about_it} <= {"FusescopeHookMissing"}


def test_splitting_mount_raises_an_alert_that_resolves(monitor, mount):
    healthy, filesystem = mount(name="whole"), mount("--max-write", "128K", "--max-read", "128K",
                                                     name="splitting")
    with load(filesystem), load(healthy):
        alert = wait_for(lambda: arrived(monitor, "FuseIoSplit", "firing", filesystem),
                         "FuseIoSplit at the webhook", 90)
        assert (alert["labels"]["mode"], alert["labels"]["severity"]) == ("direct", "warning")
        description = alert["annotations"]["description"]
        assert description.startswith("87.5% of the requests that direct I/O calls on "
                                      f"{filesystem.label} of 127.0.0.1:")
        assert "The most frequent cause is max_pages." in description
        assert not arrived(monitor, "FuseIoSplit", "firing", healthy)
    wait_for(lambda: arrived(monitor, "FuseIoSplit", "resolved", filesystem),
             "FuseIoSplit resolved", 60)


def test_stopped_daemon_raises_an_alert_that_resolves(monitor, mount):
    filesystem = mount(name="stopped")
    with load(filesystem):
        filesystem.process.send_signal(signal.SIGSTOP)
        try:
            alert = wait_for(lambda: arrived(monitor, "FuseRequestStuck", "firing", filesystem),
                             "FuseRequestStuck at the webhook", 60)
        finally:
            filesystem.process.send_signal(signal.SIGCONT)
        assert alert["labels"]["severity"] == "critical"
        wait_for(lambda: arrived(monitor, "FuseRequestStuck", "resolved", filesystem),
                 "FuseRequestStuck resolved", 60)


def state_of(monitor, filesystem):
    """Of FuseRequestStuck for the mount, and its age as it was last scraped."""
    states = [state for state in ("pending", "firing") for alert in monitor.alerts(state)
              if alert["alertname"] == "FuseRequestStuck"
              and alert["mountpoint"] == filesystem.label]
    ages = monitor.query(f'fuse_oldest_request_age_seconds{{mountpoint="{filesystem.label}"}}')
    return states, max((age for _, age in ages), default=0)


@pytest.mark.serial
@pytest.mark.slow
def test_agent_started_again_during_a_hang_resolves_nothing(tmp_path, mount):
    """Killed, and started again: the request, of which the new one has seen nothing, goes on."""
    filesystem = mount(name="hung")
    agent = Agent(log=tmp_path / "agent.log")
    with contextlib.ExitStack() as stack:
        monitor = stack.enter_context(monitoring(agent, tmp_path, keep="30s"))
        stack.enter_context(load(filesystem))
        filesystem.process.send_signal(signal.SIGSTOP)
        stack.callback(filesystem.process.send_signal, signal.SIGCONT)
        wait_for(lambda: arrived(monitor, "FuseRequestStuck", "firing", filesystem),
                 "FuseRequestStuck at the webhook", 60)
        agent.process.kill()
        agent.process.wait(20)
        wait_for(lambda: state_of(monitor, filesystem)[1] == 0, "no scrape", 30)
        agent = Agent(log=tmp_path / "agent.log", port=agent.port)
        stack.callback(lambda: agent.stop())
        for least in (0.1, 6):
            wait_for(lambda: state_of(monitor, filesystem)[1] > least, "a request that hangs", 30)
            assert state_of(monitor, filesystem)[0] == ["firing"]
        assert not arrived(monitor, "FuseRequestStuck", "resolved", filesystem)
        filesystem.process.send_signal(signal.SIGCONT)
        wait_for(lambda: arrived(monitor, "FuseRequestStuck", "resolved", filesystem),
                 "FuseRequestStuck resolved", 90)

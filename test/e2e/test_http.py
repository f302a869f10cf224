# SPDX-License-Identifier: Apache-2.0
"""The HTTP side of a running agent, as Prometheus and people use it."""

import http.client
import socket
import subprocess

import pytest

from harness import Agent, free_port


def request(agent, method, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=10)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    return response, response.read()


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/-/ready"])
def test_paths(agent, path):
    response, body = request(agent, "GET", path)
    assert response.status == 200 and body


def test_refusals(agent):
    assert request(agent, "GET", "/nothing")[0].status == 404
    assert request(agent, "POST", "/metrics")[0].status == 405


def test_metrics_are_clean_for_promtool(agent):
    text = agent.scrape().text
    checked = subprocess.run(["promtool", "check", "metrics"], input=text.encode(),
                             capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def test_self_metrics(agent):
    scrape = agent.scrape()
    roles = {s.labels["role"]: s.labels["mode"] for s in scrape.select("fusescope_hook_info")}
    assert roles == {"sent": "tracepoint", "ended": "tracepoint", "call": "tracepoint"}
    missing = {s.labels["role"] for s in scrape.select("fusescope_hook_missing")}
    assert missing == {"allocated", "blocked", "taken"}
    for name in ("fusescope_build_info", "fusescope_mounts", "process_resident_memory_bytes",
                 "process_start_time_seconds", "process_open_fds", "process_cpu_seconds_total"):
        assert scrape.select(name), name
    assert scrape.total("fusescope_http_requests_total", handler="metrics", code="200") > 0


def test_listens_on_ipv6_and_ipv4(tmp_path):
    port = free_port()
    agent = Agent(f"--web.listen-address=:{port}", log=tmp_path / "agent.log")
    for address in ("127.0.0.1", "::1"):
        with socket.create_connection((address, port), timeout=5) as connection:
            connection.sendall(b"GET /-/ready HTTP/1.0\r\n\r\n")
            assert b"200" in connection.recv(100)
    assert agent.stop() == 0

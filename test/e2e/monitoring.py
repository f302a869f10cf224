# SPDX-License-Identifier: Apache-2.0
"""Debian's Prometheus and Alertmanager on loopback, and a receiver of webhooks."""

import contextlib
import http.server
import json
import pathlib
import subprocess
import threading
import urllib.parse
import urllib.request

from harness import end, free_port, wait_for

INTERVAL = "1s"  # of scrapes and of evaluations


class Server:
    """A program with an HTTP port of its own, at self.url; its log is in its directory."""

    def __init__(self, name, directory, *args):
        self.log = open(pathlib.Path(directory) / f"{name}.log", "wb")
        self.process = subprocess.Popen([name, *map(str, args)], cwd=directory, stdout=self.log,
                                        stderr=self.log)
        wait_for(self.is_ready, f"{name} ready at {self.url} (see {self.log.name})", 60)

    def is_ready(self):
        assert self.process.poll() is None, f"ended at its start: see {self.log.name}"
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(self.url + "/-/ready", timeout=5).status == 200

    def api(self, path, **parameters):
        with urllib.request.urlopen(f"{self.url}{path}?{urllib.parse.urlencode(parameters)}",
                                    timeout=10) as response:
            return json.load(response)

    def stop(self):
        code = end(self.process)
        self.log.close()
        return code


class Prometheus(Server):
    """targets: {job: [host:port, ...]}; rules: files; alertmanagers: [host:port, ...]. Its data lie
    in a directory of their own below directory, which Grafana and others need not know."""

    def __init__(self, directory, targets, rules=(), alertmanagers=()):
        directory = pathlib.Path(directory) / "prometheus"
        directory.mkdir()
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        config = {
            "global": {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL,
                       "evaluation_interval": INTERVAL},
            "rule_files": [str(rule) for rule in rules],
            "scrape_configs": [{"job_name": job, "static_configs": [{"targets": addresses}]}
                               for job, addresses in targets.items()],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [*alertmanagers]}]}]},
        }
        # JSON is YAML.
        (directory / "prometheus.yml").write_text(json.dumps(config))
        super().__init__("prometheus", directory, "--config.file=prometheus.yml",
                         f"--storage.tsdb.path={directory / 'data'}",
                         f"--web.listen-address={self.address}")

    def query(self, expression):
        """The instant vector: a list of (labels, value)."""
        result = self.api("/api/v1/query", query=expression)["data"]["result"]
        return [(each["metric"], float(each["value"][1])) for each in result]

    def alerts(self, state):
        """The labels of the alerts that are pending or firing."""
        return [alert["labels"] for alert in self.api("/api/v1/alerts")["data"]["alerts"]
                if alert["state"] == state]


class Alertmanager(Server):
    """Sends each alert to the webhook at once."""

    def __init__(self, directory, webhook):
        directory = pathlib.Path(directory) / "alertmanager"
        directory.mkdir()
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        config = {
            "route": {"receiver": "webhook", "group_by": ["..."], "group_wait": "0s",
                      "group_interval": INTERVAL},
            "receivers": [{"name": "webhook", "webhook_configs": [{"url": webhook}]}],
        }
        (directory / "alertmanager.yml").write_text(json.dumps(config))
        super().__init__("prometheus-alertmanager", directory, "--config.file=alertmanager.yml",
                         f"--storage.path={directory / 'data'}", "--cluster.listen-address=",
                         f"--web.listen-address={self.address}")


class Webhook:
    """What Alertmanager sends, in the order of its arrival, in self.alerts."""

    def __init__(self):
        alerts = self.alerts = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                alerts.extend(json.loads(body)["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

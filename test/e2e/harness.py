# SPDX-License-Identifier: Apache-2.0
"""The programs under test, as objects: the agent, the counting filesystem, the I/O driver."""

import contextlib
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from exposition import LOST_REQUESTS, Checker

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FUSESCOPE_BUILD", ROOT / "build/release"))
AGENT = pathlib.Path(os.environ.get("FUSESCOPE_AGENT", BUILD / "agent/fusescope"))
COUNTFS = BUILD / "test/fs/countfs"
SGIO = BUILD / "test/load/sgio"
LIMIT = pathlib.Path("/proc/sys/fs/fuse/max_pages_limit")
SEEN_AFTER = 0.25  # seconds after which an ended I/O call must be visible


def wait_for(condition, what, timeout=20.0):
    """Polls until the condition holds and returns its value."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"{what}: not within {timeout} s")


def ports():
    """Below the ports that the kernel gives to connections, so that none takes one in between; of
    these, each worker of pytest-xdist has its own."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        above = int(file.read().split()[0])
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    own = range(above // 2 + worker, above, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
    while True:
        yield from random.sample(own, len(own))


PORTS = ports()


def is_free(port):
    """On all addresses, of IPv4 and IPv6."""
    dual = socket.has_dualstack_ipv6()
    try:
        socket.create_server(("", port), family=socket.AF_INET6 if dual else socket.AF_INET,
                             dualstack_ipv6=dual).close()
    except OSError:
        return False
    return True


def free_port():
    return next(filter(is_free, PORTS))


def end(process, timeout=20.0):
    """Ends a process that the test started; returns its exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    return process.wait(timeout)


class Scrape:
    """One scrape: the samples by name, to be selected by labels."""

    def __init__(self, text):
        self.text = text
        self.samples = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self.samples.setdefault(sample.name, []).append(sample)

    def select(self, name, **labels):
        return [s for s in self.samples.get(name, [])
                if all(s.labels.get(key) == value for key, value in labels.items())]

    def total(self, name, **labels):
        """The sum of the matching series; there must be one at least."""
        found = self.select(name, **labels)
        assert found, f"no series {name}{labels}"
        return sum(s.value for s in found)

    def maybe(self, name, **labels):
        """The same, 0 where there is no series."""
        return sum(s.value for s in self.select(name, **labels))


RUNNING = set()  # agents that were not stopped yet


class Agent:
    """`under` is the command to run instead of the agent, which it must run with the same options;
    `port` is that of one that has ended."""

    def __init__(self, *args, log, under=(), environment=None, port=None):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        RUNNING.add(self)
        self.log = open(log, "ab")
        self.process = subprocess.Popen(
            [*(under or (AGENT,)), "serve",
             f"--web.listen-address=127.0.0.1:{self.port}", *args],
            stdout=self.log, stderr=self.log, env=environment)
        try:
            wait_for(self.is_ready, f"agent on port {self.port} ready")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.last_words()}") from None
        self.checker = Checker()

    def is_ready(self):
        assert self.process.poll() is None, "the agent ended at its start"
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(self.url + "/-/ready", timeout=5).status == 200

    def last_words(self):
        log = pathlib.Path(self.log.name)
        return log.read_text(encoding="utf-8", errors="replace")[-1000:].strip() or f"empty {log}"

    def fetch(self):
        with urllib.request.urlopen(self.url + "/metrics", timeout=10) as response:
            return response.read().decode()

    def scrape(self):
        """Checked against all that this agent said before: one at a time."""
        text = self.fetch()
        self.checker.check(text)
        return Scrape(text)

    def stop(self):
        RUNNING.discard(self)
        code = end(self.process)
        self.log.close()
        return code


class Countfs:
    """The counting filesystem: the truth that the agent is held against. `under` is the command that
    runs it."""

    def __init__(self, directory, *args, mountpoint=None, files=("data:64M",), under=()):
        self.mountpoint = os.fsencode(mountpoint or str(directory / "mnt"))
        os.makedirs(self.mountpoint, exist_ok=True)
        self.stats_file = directory / f"stats-{time.monotonic_ns()}.json"
        command = [*under, COUNTFS, "--stats", self.stats_file, "--allow-other", *args]
        for file in files:
            command += ["--file", file]
        self.process = subprocess.Popen([*command, self.mountpoint], stdout=subprocess.PIPE)
        ready = self.process.stdout.readline()
        assert ready.startswith(b"ready"), f"countfs did not mount: {ready!r}"
        self.generation = 0

    @property
    def label(self):
        return os.fsdecode(self.mountpoint)

    def path(self, name="data"):
        return os.path.join(self.mountpoint, name.encode())

    def stats(self):
        """The counts as of now."""
        self.process.send_signal(signal.SIGUSR1)

        def fresh():
            with contextlib.suppress(OSError, ValueError):
                stats = json.loads(self.stats_file.read_text())
                return stats if stats["generation"] > self.generation else None

        stats = wait_for(fresh, "counts of countfs")
        self.generation = stats["generation"]
        return stats

    def counts(self, op):
        """requests, bytes and pages of READ or WRITE so far."""
        found = self.stats()["opcodes"].get(op, {})
        return {key: found.get(key, 0) for key in ("requests", "bytes", "pages")}

    def stop(self):
        return end(self.process)


def sgio(path, *args, check=True):
    """Runs the I/O driver and returns what it reports."""
    done = subprocess.run([SGIO, *map(str, args), path], stdout=subprocess.PIPE, check=False,
                          timeout=120)
    assert done.returncode == 0 or not check, f"sgio {args} failed"
    return json.loads(done.stdout)


@contextlib.contextmanager
def raised_limit():
    """The pages of the host's largest request: a kernel before 6.13 has no other than 256."""
    if not LIMIT.exists():
        yield 256
        return
    before = LIMIT.read_text()
    LIMIT.write_text("1024")
    try:
        yield 1024
    finally:
        LIMIT.write_text(before)


def wait_for_name(agent, filesystem):
    """Of a mount that the agent finds in another mount namespace than its own."""
    wait_for(lambda: agent.scrape().select("fuse_mount_info", mountpoint=filesystem.label),
             f"the name of {filesystem.label}")


def data_requests(scrape, mountpoint, op):
    """What the agent says of the data requests of one mount and operation."""
    labels = {"mountpoint": mountpoint, "op": op}
    return {
        "requests": scrape.maybe("fuse_request_origin_total", **labels),
        "bytes": scrape.maybe("fuse_request_bytes_total", **labels),
        "pages": scrape.maybe("fuse_request_pages_sum", **labels),
    }


def origins(scrape, mountpoint, op):
    """Data requests by who sent them."""
    return {s.labels["origin"]: s.value
            for s in scrape.select("fuse_request_origin_total", mountpoint=mountpoint, op=op)
            if s.value}


def sees_each_call(scrape):
    """Whether calls are seen also if they make no request: by hooks on their functions."""
    return all(s.labels["mode"] != "tracepoint"
               for s in scrape.select("fusescope_hook_info", role="call"))


def calls_without_requests(scrape, **labels):
    return scrape.maybe("fuse_io_requests_bucket", le="0", **labels)


def difference(after, before):
    return {key: after[key] - before[key] for key in after}


def account(scrape, mountpoint):
    """Requests of a mount: sent, ended, and in flight."""
    labels = {"mountpoint": mountpoint}
    return {"sent": scrape.maybe("fuse_requests_sent_total", **labels),
            "ended": scrape.maybe("fuse_request_duration_seconds_count", **labels),
            "in_flight": scrape.maybe("fuse_requests_in_flight", **labels)}


def lost_requests(scrape):
    """Of all mounts together."""
    return {reason: scrape.maybe("fusescope_lost_events_total", reason=reason)
            for reason in LOST_REQUESTS}


def missing_roles(scrape):
    return {s.labels["role"] for s in scrape.select("fusescope_hook_missing")}

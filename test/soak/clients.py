# SPDX-License-Identifier: Apache-2.0
"""Who asks the agent badly, and who rewrites its web config: acts as in actors.py."""

import contextlib
import os
import random
import signal
import socket
import threading

from test_hostile_clients import header_of_10_mb, idle_sockets, random_bytes, slowloris, tls_garbage
from web import HASH

TURN = 3  # seconds of one kind of hostile client
SILENT = 256
SILENT_ADDRESSES = [f"127.0.2.{number}" for number in range(1, 9)]
SERVER = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
# No request here gets an answer of /metrics: that would be a scrape which nobody checks.
REQUESTS = (
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /api/mounts?a=%00%ff HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip, br;q=x\r\n\r\n",
    b"HEAD /-/healthy HTTP/1.0\r\nX: " + b"a" * 4000 + b"\r\n\r\n",
    b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\nx",
    b"GET /" + b"%2e%2e/" * 500 + b"etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /-/ready HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    b"OPTIONS * HTTP/9.9\r\nAuthorization: Basic " + b"=" * 300 + b"\r\n\r\n",
)


def run_for(seconds, behave, stage):
    """A client of test_hostile_clients.py, for so long."""
    until = threading.Event()
    client = threading.Thread(target=behave, args=(stage.agent.port, until), daemon=True)
    client.start()
    stage.pause(seconds)
    until.set()
    client.join()


def take_turns(stage, number):
    behaviours = (idle_sockets, slowloris, header_of_10_mb, random_bytes, tls_garbage)
    with contextlib.suppress(OSError):  # the agent may close a connection that is being made
        run_for(TURN, behaviours[number % len(behaviours)], stage)
    stage.pause(1)


def mutated(source, request):
    """With up to three of its bytes changed; never one that asks for /metrics."""
    changed = bytearray(request)
    for _ in range(source.randrange(4)):
        changed[source.randrange(len(changed))] = source.randrange(256)
    return bytes(changed).replace(b"GET /metrics ", b"GOT /metrics ")


def send_mutated(stage, number):
    """A request that is wrong in some way, by TLS that is right."""
    source = random.Random(number)
    with contextlib.suppress(OSError):
        plain = socket.create_connection(("127.0.0.1", stage.agent.port), timeout=1,
                                         source_address=(f"127.0.3.{number % 200 + 1}", 0))
        with stage.tls.wrap_socket(plain, server_hostname="localhost") as client:
            client.sendall(mutated(source, REQUESTS[number % len(REQUESTS)]))
            client.recv(65536)
    stage.pause(0.05)


def hold_silent(stage, _):
    """As many connections as the agent has room for, on which nothing is sent."""
    held = []
    for number in range(SILENT):
        with contextlib.suppress(OSError):
            held.append(socket.create_connection(
                ("127.0.0.1", stage.agent.port), timeout=1,
                source_address=(SILENT_ADDRESSES[number % len(SILENT_ADDRESSES)], 0)))
    stage.pause(6)  # the agent closes them after five seconds
    for connection in held:
        connection.close()


class Configs:
    """The agent's web config, rewritten over and over: each second one is not valid, and a
    certificate is renewed or damaged. What is asked for stays the same, and so the scrapes go on."""

    def __init__(self, authority):
        self.authority = authority
        self.directory = authority.directory
        authority.issue("server", "DNS:localhost", "serverAuth")
        authority.issue("next", "DNS:localhost", "serverAuth")
        self.good = (self.directory / "server.crt").read_bytes()
        self.file = self.directory / "web.yml"
        self.file.write_text(SERVER)

    def client(self):
        return self.authority.client()

    def text(self, text):
        """Put in place at once: a file that is empty for a moment is a valid one, without TLS."""
        def write():
            new = self.file.with_suffix(".new")
            new.write_text(text)
            os.replace(new, self.file)
        return write

    def renew(self):
        for kind in ("key", "crt"):
            os.replace(self.directory / f"next.{kind}", self.directory / f"server.{kind}")
        self.authority.issue("next", "DNS:localhost", "serverAuth")
        self.good = (self.directory / "server.crt").read_bytes()

    def write_certificate(self, text):
        (self.directory / "server.crt").write_bytes(text)

    def steps(self):
        return (
            self.text(SERVER + "rate_limit: {interval: 1ms, burst: 1000}\n"),
            self.text("tls_server_config: [\n"),
            self.text(SERVER + "http_server_config:\n  headers:\n    X-Frame-Options: deny\n"),
            self.text("basic_auth: {}\n"),
            self.text(SERVER + "  min_version: TLS13\n"),
            self.text(SERVER.replace("server.key", "none.key")),
            self.text(SERVER),
            lambda: self.write_certificate(self.good[:200]),
            lambda: self.write_certificate(self.good),
            self.text(SERVER + f"basic_auth_users:\n  alice: {HASH[:-3]}\n"),
            self.text(SERVER),
            self.renew,
            lambda: self.write_certificate(b""),
            lambda: self.write_certificate(self.good),
        )

    def act(self, stage, number):
        steps = self.steps()
        steps[number % len(steps)]()
        stage.pause(2)


def hang_up(stage, _):
    """SIGHUP: read the web config again."""
    stage.agent.process.send_signal(signal.SIGHUP)
    stage.pause(3)




def client_actors(configs, with_hangups):
    acts = {"hostile clients": take_turns, "mutated requests": send_mutated,
            "silent clients": hold_silent, "web config": configs.act}
    if with_hangups:
        acts["SIGHUP"] = hang_up
    return acts

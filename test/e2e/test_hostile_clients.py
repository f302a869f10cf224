# SPDX-License-Identifier: Apache-2.0
"""Clients that are slow or mean no good: a scrape beside them is never delayed by more than a
second, and the agent is as well afterwards as before."""

import contextlib
import os
import random
import resource
import socket
import threading
import time

import pytest

from web import Authority, GuardedAgent, get

pytestmark = pytest.mark.serial  # it measures time

SCRAPES = 20
LONGEST = 1.0  # seconds that a scrape may take
SERVER = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"


def connect(port, source="127.0.0.2"):
    connection = socket.create_connection(("127.0.0.1", port), timeout=5,
                                          source_address=(source, 0))
    return connection


def idle_sockets(port, until):
    """As many as one client may have, again and again."""
    while not until.is_set():
        held = [connect(port) for _ in range(64)]
        until.wait(0.5)
        for connection in held:
            connection.close()


def slowloris(port, until):
    """Half a request on each connection, a byte more now and then."""
    held = [connect(port) for _ in range(64)]
    for connection in held:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: ")
    while not until.wait(0.1):
        for connection in held:
            with contextlib.suppress(OSError):
                connection.sendall(b"x")


def no_reader(port, until):
    """Asks for all it can, and reads nothing."""
    held = [connect(port) for _ in range(16)]
    while not until.wait(0.05):
        for connection in held:
            with contextlib.suppress(OSError):
                connection.setblocking(False)
                connection.send(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 10)


def header_of_10_mb(port, until):
    while not until.is_set():
        with contextlib.suppress(OSError), connect(port) as connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 10_000_000)


def random_bytes(port, until):
    source = random.Random(1)
    while not until.is_set():
        with contextlib.suppress(OSError), connect(port) as connection:
            connection.sendall(source.randbytes(source.randrange(1, 4096)))
            connection.settimeout(0.05)
            connection.recv(100)


def tls_garbage(port, until):
    """The head of a handshake, and then anything."""
    source = random.Random(2)
    while not until.is_set():
        with contextlib.suppress(OSError), connect(port) as connection:
            connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" +
                               source.randbytes(600))
            connection.settimeout(0.05)
            connection.recv(100)


def thousand_connections(port, until):
    """Of 20 clients, so that none is over its own limit at first; each sends half a request."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    held = []
    for number in range(1000):
        with contextlib.suppress(OSError):
            held.append(connect(port, f"127.0.1.{1 + number % 20}"))
            held[-1].sendall(b"GET /met")
        if until.is_set():
            break
    until.wait()
    for connection in held:
        connection.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def quick_requests(port, until):
    """As many as it can send, on 8 connections."""
    def send():
        while not until.is_set():
            with contextlib.suppress(OSError):
                get(port, "/metrics", source="127.0.0.2", host="127.0.0.1")

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


CLIENTS = [idle_sockets, slowloris, no_reader, header_of_10_mb, random_bytes, tls_garbage,
           thousand_connections, quick_requests]


def open_files(agent):
    return len(os.listdir(f"/proc/{agent.process.pid}/fd"))


@pytest.fixture(scope="module", params=["plain", "tls"])
def served(request, tmp_path_factory):
    """An agent, and the TLS context of a client that means well."""
    directory = tmp_path_factory.mktemp("served")
    config, client = "", None
    if request.param == "tls":
        authority = Authority(directory)
        authority.issue("server", "DNS:localhost", "serverAuth")
        config, client = SERVER, authority.client()
    agent = GuardedAgent(directory, config)
    yield agent, client
    assert agent.stop() == 0


@pytest.mark.parametrize("behave", CLIENTS, ids=lambda behave: behave.__name__)
def test_never_delays_a_scrape(served, behave):
    agent, client = served
    assert get(agent.port, "/metrics", tls=client)[0] == 200
    files = open_files(agent)
    until = threading.Event()
    hostile = threading.Thread(target=behave, args=(agent.port, until))
    hostile.start()
    durations = []
    try:
        for _ in range(SCRAPES):
            begin = time.monotonic()
            assert get(agent.port, "/metrics", tls=client)[0] == 200
            durations.append(time.monotonic() - begin)
            time.sleep(0.1)
    finally:
        until.set()
        hostile.join()
    print(f"scrapes beside {behave.__name__}: slowest {max(durations):.3f} s")
    assert max(durations) < LONGEST
    assert agent.process.poll() is None

    deadline = time.monotonic() + 20
    while open_files(agent) > files and time.monotonic() < deadline:
        time.sleep(0.1)
    assert open_files(agent) <= files, "connections are left"

# SPDX-License-Identifier: Apache-2.0
"""Who is let in: TLS, client certificates, passwords, rates; and sockets that systemd passes."""

import http.client
import itertools
import os
import signal
import ssl
import subprocess
import threading
import time
import urllib.request

import pytest

from harness import AGENT, free_port, wait_for
from web import HASH, PASSWORD, Authority, GuardedAgent, get

SERVER = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
MUTUAL = SERVER + ("  client_auth_type: RequireAndVerifyClientCert\n"
                   "  client_ca_file: authority.crt\n"
                   "  client_allowed_sans: [prometheus.example]\n")
USERS = f"basic_auth_users:\n  alice: {HASH}\n"
REFUSED_IN_TLS = (OSError, http.client.RemoteDisconnected)  # ssl.SSLError is an OSError


@pytest.fixture
def authority(tmp_path):
    made = Authority(tmp_path)
    made.issue("server", "DNS:localhost", "serverAuth")
    return made


@pytest.fixture
def serve(tmp_path):
    """serve(config): an agent with it, ended with the test."""
    started = []

    def start(config):
        started.append(GuardedAgent(tmp_path, config))
        return started[-1]

    yield start
    for agent in started:
        assert agent.stop() == 0


def log_of(agent):
    return open(agent.log.name, encoding="utf-8").read()


def test_tls(serve, authority):
    agent = serve(SERVER)
    status, body = get(agent.port, "/metrics", tls=authority.client())
    assert status == 200 and b"fusescope_build_info" in body
    with pytest.raises((OSError, http.client.HTTPException)):
        get(agent.port)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
@pytest.mark.parametrize("limits,version,works", [
    ("", ssl.TLSVersion.TLSv1_1, False),
    ("", ssl.TLSVersion.TLSv1_2, True),
    ("", ssl.TLSVersion.TLSv1_3, True),
    ("  min_version: TLS13\n", ssl.TLSVersion.TLSv1_2, False),
    ("  min_version: TLS13\n", ssl.TLSVersion.TLSv1_3, True),
    ("  max_version: TLS12\n", ssl.TLSVersion.TLSv1_3, False),
], ids=str)
def test_tls_versions(serve, authority, limits, version, works):
    agent = serve(SERVER + limits)
    client = authority.client(minimum_version=version, maximum_version=version)
    client.set_ciphers("DEFAULT:@SECLEVEL=0")  # so that it is not the client who refuses
    if works:
        assert get(agent.port, tls=client)[0] == 200
    else:
        with pytest.raises(REFUSED_IN_TLS):
            get(agent.port, tls=client)


def test_client_certificates(serve, authority, tmp_path):
    authority.issue("prometheus", "DNS:prometheus.example", "clientAuth")
    authority.issue("other", "DNS:other.example", "clientAuth")
    authority.issue("purpose", "DNS:prometheus.example", "serverAuth")
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    Authority(stranger).issue("prometheus", "DNS:prometheus.example", "clientAuth")
    agent = serve(MUTUAL)
    assert get(agent.port, tls=authority.client("prometheus"))[0] == 200
    unknown = authority.client()
    unknown.load_cert_chain(stranger / "prometheus.crt", stranger / "prometheus.key")
    for client in (authority.client(), authority.client("other"), authority.client("purpose"),
                   unknown):
        with pytest.raises(REFUSED_IN_TLS):
            get(agent.port, tls=client)
    assert "it has none of the names in client_allowed_sans" in log_of(agent)
    assert get(agent.port, tls=authority.client("prometheus"))[0] == 200


def test_passwords(serve):
    agent = serve(USERS)
    for path in ("/", "/metrics", "/-/healthy", "/api/mounts", "/nothing"):
        assert get(agent.port, path)[0] == 401
    assert get(agent.port, password=PASSWORD)[0] == 200
    assert get(agent.port, password="wrong")[0] == 401
    assert get(agent.port, password=PASSWORD, user="bob")[0] == 401
    assert PASSWORD not in log_of(agent) and HASH not in log_of(agent)


@pytest.mark.serial
def test_a_guesser_is_stopped_and_holds_up_nobody(serve):
    """bcrypt of wrong passwords takes little of the agent's time; who was right goes on."""
    agent = serve(USERS)
    assert get(agent.port, password=PASSWORD)[0] == 200
    codes, slowest = [], 0
    for attempt in range(40):
        codes.append(get(agent.port, password=f"guess {attempt}", source="127.0.0.2")[0])
        begin = time.monotonic()
        assert get(agent.port, "/metrics", password=PASSWORD)[0] == 200
        slowest = max(slowest, time.monotonic() - begin)
    assert set(codes) == {401, 429} and codes[:2] == [401, 401]
    assert codes.count(401) <= 6
    assert slowest < 1


class Guessers:
    """Many addresses that guess as fast as they can, in turn, until the block ends."""

    def __init__(self, port):
        self.port = port
        self.sources = [f"127.0.0.{last}" for last in range(2, 51)]
        self.guessed = set()  # those that an answer "wrong" was worth its time
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._guess)

    def _guess(self):
        for source in itertools.cycle(self.sources):
            if self._ending.is_set():
                return
            if get(self.port, password="guess", source=source)[0] == 401:
                self.guessed.add(source)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        self._thread.join()


@pytest.mark.serial
def test_guessers_do_not_hold_up_a_first_login(serve):
    """Each address that has not guessed yet comes once before it, and then no more."""
    agent = serve(USERS + f"  bob: {HASH}\n")

    def status(user, source):
        return get(agent.port, password=PASSWORD, user=user, source=source)[0]

    with Guessers(agent.port) as guessers:
        wait_for(lambda: len(guessers.guessed) == 49, "a guess of each", timeout=60)
        wait_for(lambda: status("alice", "127.0.0.1") == 200, "a first login", timeout=5)
        agent.file.write_text(agent.file.read_text() + "http_server_config: {http2: false}\n")
        wait_for(lambda: "web config: read again" in log_of(agent), "the renewed config")
        assert status("alice", "127.0.0.1") == 200, "she was right before"
        assert status("bob", "127.0.0.51") == 200, "another first login"


@pytest.mark.parametrize("client", ["RequestClientCert", "RequireAnyClientCert"])
def test_names_without_authorities_are_refused(authority, tmp_path, client):
    (tmp_path / "web.yml").write_text(SERVER + f"  client_auth_type: {client}\n"
                                      "  client_allowed_sans: [prometheus.example]\n")
    done = subprocess.run([AGENT, "serve", f"--web.config.file={tmp_path}/web.yml",
                           "--web.listen-address=127.0.0.1:0"], capture_output=True, text=True,
                          check=False, timeout=60)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "line 5: client_allowed_sans needs client_auth_type RequireAndVerify" in done.stderr


def test_rate_limit(serve):
    agent = serve("rate_limit: {interval: 1m, burst: 3}\n")
    assert [get(agent.port)[0] for _ in range(4)][-2:] == [200, 429]
    assert get(agent.port, source="127.0.0.2")[0] == 200


def test_headers(serve):
    agent = serve("http_server_config:\n  headers:\n    X-Frame-Options: deny\n")
    with urllib.request.urlopen(agent.url + "/") as response:
        assert response.headers["X-Frame-Options"] == "deny"


def test_a_renewed_certificate_is_taken_up(serve, authority):
    agent = serve(SERVER)
    first = ssl.get_server_certificate(("localhost", agent.port))
    authority.issue("server", "DNS:localhost", "serverAuth")
    wait_for(lambda: ssl.get_server_certificate(("localhost", agent.port)) != first,
             "the new certificate")
    assert get(agent.port, tls=authority.client())[0] == 200


def test_a_damaged_certificate_is_not_taken_up(serve, authority, tmp_path):
    """It is tried and told once; the one of before goes on, until there is a good one."""
    agent = serve(SERVER)
    certificate = tmp_path / "server.crt"
    first = ssl.get_server_certificate(("localhost", agent.port))
    certificate.write_text(certificate.read_text()[:200])
    wait_for(lambda: "web.yml: line 2: certificate: " in log_of(agent), "a line about it")
    body = get(agent.port, "/metrics", tls=authority.client())[1]
    assert b"\nfusescope_web_config_last_reload_successful 0\n" in body
    assert ssl.get_server_certificate(("localhost", agent.port)) == first
    authority.issue("server", "DNS:localhost", "serverAuth")
    wait_for(lambda: ssl.get_server_certificate(("localhost", agent.port)) != first,
             "the new certificate")
    assert log_of(agent).count("certificate: ") == 1


def test_passwords_are_taken_up_and_a_bad_file_is_not(serve):
    agent = serve("")
    assert get(agent.port)[0] == 200
    agent.file.write_text(USERS)
    wait_for(lambda: get(agent.port)[0] == 401, "the password")
    agent.file.write_text("basic_auth: {}\n")
    wait_for(lambda: "unknown key 'basic_auth'" in log_of(agent), "a line about the bad file")
    body = get(agent.port, "/metrics", password=PASSWORD)[1]
    assert b"\nfusescope_web_config_last_reload_successful 0\n" in body
    assert get(agent.port)[0] == 401, "the previous one stays in use"
    assert log_of(agent).count("unknown key") == 1
    agent.file.write_text("")
    wait_for(lambda: get(agent.port)[0] == 200, "the config without a password")
    body = get(agent.port, "/metrics")[1]
    assert b"\nfusescope_web_config_last_reload_successful 1\n" in body


def test_sighup_reads_it_again(serve):
    """Also what has not changed."""
    agent = serve(USERS)
    for times in (1, 2):
        agent.process.send_signal(signal.SIGHUP)
        wait_for(lambda: log_of(agent).count("web config: read again") == times, "a line about it")
    assert get(agent.port)[0] == 401 and get(agent.port, password=PASSWORD)[0] == 200
    agent.file.write_text("basic_auth: {}\n")
    agent.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "unknown key 'basic_auth'" in log_of(agent), "a line about the bad file")
    assert get(agent.port)[0] == 401, "the previous one stays in use"


def test_an_open_connection_is_answered_after_a_renewal(serve):
    """Once, by the new rules."""
    agent = serve("")
    connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=10)

    def answer():
        connection.request("GET", "/-/healthy")
        own_port = connection.sock.getsockname()[1]
        response = connection.getresponse()
        response.read()
        return response.status, own_port, response.headers.get("Connection")

    status, own_port, _ = answer()
    assert status == 200
    agent.file.write_text(USERS)
    refused = wait_for(lambda: (last := answer())[0] == 401 and last, "the password")
    assert refused == (401, own_port, "close")


def test_sockets_of_systemd(tmp_path):
    port = free_port()
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(  # it becomes the agent when a client connects
            ["systemd-socket-activate", f"--listen=127.0.0.1:{port}", AGENT, "serve",
             "--web.systemd-socket"], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}/-/ready"

    def is_ready():
        try:
            return urllib.request.urlopen(url, timeout=10).status == 200
        except OSError:
            return False

    try:
        wait_for(is_ready, "an answer")
        assert os.readlink(f"/proc/{process.pid}/exe") == str(AGENT)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0

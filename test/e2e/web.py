# SPDX-License-Identifier: Apache-2.0
"""An agent that serves by TLS and passwords, and clients for it."""

import base64
import contextlib
import http.client
import socket
import ssl
import subprocess

from harness import Agent

PASSWORD = "secret"
# bcrypt of it, of a low cost: the agent limits the time that this takes, and a machine may be busy.
HASH = "$2b$08$OOOrMCQ4P0fJDp9qtjyTzuNK.P57B.V.blVEVEnDo3BQQuOfvY4pO"


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


class Authority:
    """Makes certificates, as files in a directory: NAME.crt and NAME.key."""

    def __init__(self, directory):
        self.directory = directory
        openssl("req", "-x509", *self._new_key("authority"), "-subj", "/CN=authority", "-days", 1,
                "-out", directory / "authority.crt")

    def _new_key(self, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.directory / f"{name}.key")

    def issue(self, name, names, usage):
        request, extensions = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName={names}\nextendedKeyUsage={usage}\n")
        openssl("req", *self._new_key(name), "-subj", f"/CN={name}", "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.directory / "authority.crt", "-CAkey",
                self.directory / "authority.key", "-CAcreateserial", "-days", 1, "-extfile",
                extensions, "-out", self.directory / f"{name}.crt")

    def client(self, name=None, **versions):
        """What a client with that certificate, or none, brings to a connection."""
        context = ssl.create_default_context(cafile=self.directory / "authority.crt")
        for key, version in versions.items():
            setattr(context, key, version)
        if name:
            context.load_cert_chain(self.directory / f"{name}.crt", self.directory / f"{name}.key")
        return context


class GuardedAgent(Agent):
    """An agent with a web config, which may be rewritten."""

    def __init__(self, directory, config, **options):
        self.file = directory / "web.yml"
        self.file.write_text(config)
        super().__init__(f"--web.config.file={self.file}", log=directory / "agent.log", **options)

    def is_ready(self):
        """Its answer is the tests' matter."""
        assert self.process.poll() is None, "the agent ended at its start"
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            return True


def get(port, path="/-/healthy", *, tls=None, password=None, user="alice", source="127.0.0.1",
        host="localhost"):
    """Status and body."""
    kind = http.client.HTTPConnection if tls is None else http.client.HTTPSConnection
    options = {} if tls is None else {"context": tls}
    connection = kind(host, port, timeout=10, source_address=(source, 0), **options)
    headers = {}
    if password is not None:
        word = base64.b64encode(f"{user}:{password}".encode()).decode()
        headers["Authorization"] = f"Basic {word}"
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()

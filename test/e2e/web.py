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
    """Makes certificates, as files in a folder: NAME.crt and NAME.key."""

    def __init__(self, folder):
        self.folder = folder
        openssl("req", "-x509", *self._new_key("authority"), "-subj", "/CN=authority", "-days", 1,
                "-out", folder / "authority.crt")

    def _new_key(self, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.folder / f"{name}.key")

    def issue(self, name, names, usage):
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={names}\nextendedKeyUsage={usage}\n")
        openssl("req", *self._new_key(name), "-subj", f"/CN={name}", "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.folder / "authority.crt", "-CAkey",
                self.folder / "authority.key", "-CAcreateserial", "-days", 1, "-extfile",
                extensions, "-out", self.folder / f"{name}.crt")

    def client(self, name=None, **versions):
        """What a client with that certificate, or none, brings to a connection."""
        context = ssl.create_default_context(cafile=self.folder / "authority.crt")
        for key, version in versions.items():
            setattr(context, key, version)
        if name:
            context.load_cert_chain(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        return context


class GuardedAgent(Agent):
    """An agent with a web config, which may be rewritten."""

    def __init__(self, folder, config, **options):
        self.file = folder / "web.yml"
        self.file.write_text(config)
        super().__init__(f"--web.config.file={self.file}", log=folder / "agent.log", **options)

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

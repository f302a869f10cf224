# SPDX-License-Identifier: Apache-2.0
"""A port that another process has: who it is is said."""

import contextlib
import os
import pathlib
import re
import socket
import subprocess

import pytest

from harness import AGENT

DEFAULT_PORT = 10980


def myself():
    return f"{pathlib.Path('/proc/self/comm').read_text().strip()} (pid {os.getpid()})"


@pytest.fixture
def taken():
    """A port of this process."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_default_port(project):
    """Whoever has it, this test at the least: another one is taken."""
    with contextlib.ExitStack() as stack:
        holder = r"\S+ \(pid \d+\)"
        with contextlib.suppress(OSError):
            stack.enter_context(socket.create_server(("", DEFAULT_PORT)))
            holder = re.escape(myself())
        terminal = project.quickstart("--demo")
        terminal.wait_for_text("Ctrl-C ends")
    assert re.search(rf":{DEFAULT_PORT}: Address already in use by {holder}: taking another port",
                     terminal.text), terminal.text
    assert f"localhost:{DEFAULT_PORT}/" not in terminal.text


def test_port_asked_for(project, taken):
    terminal = project.quickstart("--demo", f"--listen=127.0.0.1:{taken}")
    assert terminal.end() == 2, terminal.text
    assert (f"quickstart.sh: --listen 127.0.0.1:{taken}: Address already in use by {myself()}: "
            in terminal.text), terminal.text


def test_serve(taken):
    done = subprocess.run([AGENT, "serve", f"--web.listen-address=127.0.0.1:{taken}"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        f"fusescope: listen on 127.0.0.1:{taken}: Address already in use by {myself()}: choose "
        "another with --web.listen-address")

# SPDX-License-Identifier: Apache-2.0
"""What quickstart.sh shows, and what it tells a person to do next."""

import re
import shlex
import subprocess
import urllib.request

from harness import ROOT, Countfs
from project import ANY_PORT, with_only


def get(url):
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read().decode()


def what_next(text):
    """The addresses of the page and of the metrics, and the words of the command to run."""
    found = re.search(r"see it live +(\S+) +\(for Prometheus: (\S+)\)\s+"
                      r"check a mount +(\S[^\r\n]*\S)\s+stop +Ctrl-C ends the agent", text)
    assert found, text
    return found[1], found[2], shlex.split(found[3])


def check(terminal, mountpoint, code):
    terminal.wait_for_text("Ctrl-C ends")
    page, metrics, verify = what_next(terminal.text)
    assert "<title>" in get(page)
    assert "fusescope_build_info" in get(metrics)
    assert verify[-2:] == ["verify", mountpoint]
    done = subprocess.run(verify, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == code, done
    return done.stdout


def test_of_the_demonstration(project):
    terminal = project.quickstart("--demo", *ANY_PORT)
    terminal.wait_for_text("Ctrl-C ends the agent and the demonstration")
    splitting = re.search(r"(\S+/splitting) +read +direct +200 +8 +32 +max_pages", terminal.text)
    assert splitting, terminal.text
    assert "Verdict: limited" in check(terminal, splitting[1], 1)


def test_of_a_mount_of_the_host(project, tmp_path):
    filesystem = Countfs(tmp_path, mountpoint=tmp_path / "with a blank")
    try:
        terminal = project.quickstart(*ANY_PORT, under=with_only(filesystem.label))
        terminal.wait_for_text("Ctrl-C ends the agent\r\n")
        assert "Verdict: ok" in check(terminal, filesystem.label, 0)
    finally:
        assert filesystem.stop() == 0


def test_check():
    """Of the checkout itself: packages, build and all."""
    done = subprocess.run([ROOT / "deploy/quickstart.sh", "--check"], capture_output=True, text=True,
                          timeout=1200, check=False)
    assert done.returncode == 0, done
    assert re.search(r"All \d+ numbers compared are right", done.stdout), done

# SPDX-License-Identifier: Apache-2.0
"""The Debian package under a real systemd, in a guest: its unit, and the examples that come with
it."""

import pathlib
import re
import shutil

import pytest

from harness import BUILD
from packages import made
from systemd_guest import boot

HERE = pathlib.Path(__file__).parent
PROGRAMS = (BUILD / "test/fs/countfs", BUILD / "test/load/sgio")
PACKAGES = ("curl", "dbus", "libfuse3-3", "liburing2", "openssl", "systemd-sysv")
CHECKS = """[Unit]
After=multi-user.target
[Service]
ExecStart=/usr/local/bin/guest_checks.sh
"""
CAP_SYS_PTRACE, CAP_PERFMON, CAP_BPF = 19, 38, 39


@pytest.fixture(scope="module", name="said")
def what_the_guest_said(debian_12, tmp_path_factory):
    """Its sections by name."""
    root = debian_12
    package = shutil.copy(made("deb"), root.path("/tmp/fusescope.deb"))
    root.run("apt-get", "update")
    root.run("apt-get", "install", "-y", "--no-install-recommends", *PACKAGES,
             f"/tmp/{package.name}")
    for program in (*PROGRAMS, HERE / "guest_checks.sh"):
        shutil.copy(program, root.path("/usr/local/bin"))
    units = root.path("/etc/systemd/system")
    (units / "checks.service").write_text(CHECKS)
    (units / "default.target.wants").mkdir()
    (units / "default.target.wants/checks.service").symlink_to("../checks.service")
    text = boot(root.directory, tmp_path_factory.mktemp("guest"))
    print(text)
    parts = re.split(r"^== (\w+)\r?\n", text, flags=re.MULTILINE)
    return {name: body.replace("\r", "") for name, body in zip(parts[1::2], parts[2::2])}


def facts(text, separator):
    return dict(line.split(separator, 1) for line in text.splitlines())


def test_all_was_tried(said):
    assert list(said) == ["started", "rights", "counts", "reload", "watchdog", "web", "socket",
                          "stopped", "end"]
    assert not [text for text in said.values() if "not within" in text]


def test_starts_and_says_so(said):
    assert facts(said["started"], "=") == {
        "ActiveState": "active", "StatusText": "its hooks are attached", "NotifyAccess": "main",
        "DynamicUser": "yes"}


def test_drops_its_rights(said):
    rights = facts(said["rights"], ":\t")
    assert "0" not in rights["Uid"].split()
    assert int(rights["CapEff"], 16) == 0
    assert int(rights["CapBnd"], 16) == 1 << CAP_SYS_PTRACE | 1 << CAP_PERFMON | 1 << CAP_BPF
    assert (rights["NoNewPrivs"], rights["Seccomp"]) == ("1", "2")  # 2: filtered
    assert int(rights["BrokerCapEff"], 16) == 1 << CAP_SYS_PTRACE


def test_counts(said):
    reads = re.findall(r'mountpoint="/mnt/volume",.*op="read",mode="direct".* (\d+)$',
                       said["counts"], re.MULTILINE)
    assert reads == ["8"]


def test_reloads(said):
    """It goes on: SIGHUP by itself would end it, and systemd would take that for a clean end."""
    assert said["reload"].splitlines()[0] == "the same process"
    assert facts(said["reload"].partition("\n")[2], "=") == {"ActiveState": "active", "NRestarts": "0"}


def test_is_restarted_when_it_hangs(said):
    assert "ActiveState=active" in said["watchdog"]
    assert "Watchdog timeout" in said["watchdog"]


def test_serves_tls_from_credentials(said):
    assert said["web"] == "fusescope is ready: its hooks are attached.\n"


def test_is_started_by_its_socket(said):
    assert said["socket"].splitlines()[-3:] == [
        "inactive", "fusescope is ready: its hooks are attached.", "active"]


def test_ends_well(said):
    assert facts(said["stopped"], "=") == {"Result": "success", "ExecMainStatus": "0"}

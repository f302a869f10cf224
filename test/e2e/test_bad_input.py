# SPDX-License-Identifier: Apache-2.0
"""Each bad input gets one line on stderr that names the object, the reason and the way out, and
exit code 2; nothing is left running."""

import os
import socket
import subprocess

import pytest

from harness import AGENT, BUILD, free_port


def refused(command, *words, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False,
                          **options)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("time=")]
    assert done.returncode == 2, done
    assert len(lines) == 1 and lines[0].startswith("fusescope: "), done.stderr
    for word in words:
        assert word in lines[0], lines[0]


def serve(*args):
    return [AGENT, "serve", f"--web.listen-address=127.0.0.1:{free_port()}", *args]


@pytest.mark.parametrize("args,words", [
    (["serve", "--no-such-flag"], ["--no-such-flag", "--help"]),
    (["serve", "--log.level=loud"], ["--log.level", "loud"]),
    (["serve", "--log.format=xml"], ["--log.format", "xml"]),
    (["no-such-command"], ["no-such-command", "--help"]),
    ([], ["command", "--help"]),
    (["serve", "--web.listen-address=nonsense"], ["nonsense", ":10980"]),
    (["serve", "--web.listen-address=127.0.0.1:99999"], ["99999"]),
    (["serve", "--web.listen-address=[::1:80"], ["[::1:80"]),
    (["serve", "--web.listen-address="], ["--web.listen-address", "HOST:PORT"]),
    (["serve", "--web.listen-address=192.0.2.1:9"], ["192.0.2.1:9"]),
    (["serve", "--web.config.file=/nowhere/web.yml"], ["/nowhere/web.yml", "No such file",
                                                       "web config", "give a file"]),
    (["serve", "--web.config.file=/proc/self/status"], ["/proc/self/status", "line 1"]),
    (["serve", "--web.config.file=/"], ["web config: read /:", "regular file"]),
    (["serve", "--web.systemd-socket"], ["--web.systemd-socket", "fusescope.socket"]),
    (["serve", "--web.telemetry-path=metrics"], ["metrics", "slash"]),
    (["serve", "--web.telemetry-path=/"], ["telemetry path"]),
    (["serve", "--web.telemetry-path=/-/ready"], ["/-/ready"]),
    (["serve", "--web.telemetry-path=/page.js"], ["/page.js"]),
    (["serve", "--web.telemetry-path=/api/mounts"], ["/api/mounts"]),
], ids=str)
def test_bad_arguments(args, words):
    refused([AGENT, *args], *words)


def test_port_in_use():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        refused([AGENT, "serve", f"--web.listen-address={address}"], address,
                "Address already in use", "--web.listen-address")


def test_no_rights():
    refused(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *serve()],
            "Operation not permitted", "CAP_BPF")


def in_private_mounts(script):
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c",
            script + ' && exec "$@"', "sh", *serve()]


def test_no_btf():
    refused(in_private_mounts("mount -t tmpfs none /sys/kernel/btf"),
            "/sys/kernel/btf/vmlinux", "CONFIG_DEBUG_INFO_BTF")


def test_kernel_without_a_usable_hook(tmp_path):
    """A kernel whose types know nothing of the tracepoints: those of a BPF object stand in."""
    stripped = tmp_path / "vmlinux"
    subprocess.run(["llvm-objcopy", "--dump-section", f".BTF={stripped}",
                    BUILD / "bpf/fusescope_bpf.bpf.o", "/dev/null"], check=True)
    refused(in_private_mounts(f"mount --bind {stripped} /sys/kernel/btf/vmlinux"),
            "hook", "sent", "no usable hook", "fusescope doctor")


@pytest.mark.parametrize("args", [["--help"], ["serve", "--help"], ["--version"]], ids=str)
def test_help_is_no_error(args):
    done = subprocess.run([AGENT, *args], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "fusescope" in done.stdout and done.stderr == ""


def test_endless_arguments_are_refused():
    refused([AGENT, "serve", *["--x" + "y" * 1000] * 50], "--x")


def test_no_descriptors_left():
    refused(["sh", "-c", 'ulimit -n 4; exec "$@"', "sh", *serve()], "Too many open files")


def test_works_with_a_closed_stderr():
    """Also then the exit code tells."""
    done = subprocess.run([AGENT, "serve", "--bad"], stdout=subprocess.DEVNULL, check=False,
                          stderr=open(os.devnull, "r"))
    assert done.returncode == 2

# SPDX-License-Identifier: Apache-2.0
"""The release for other distributions: it needs glibc alone of the host, and runs in a newer Debian
that has none of its libraries."""

import json
import re
import tarfile

import pytest

from harness import Agent
from packages import COMMANDS, made, output
from web import HASH, PASSWORD, Authority, GuardedAgent, get

# What glibc consists of, and nothing else.
ALLOWED = {"ld-linux-x86-64.so.2", "libc.so.6", "libm.so.6"}
NEWEST_GLIBC = (2, 36)  # that of Debian 12
ABSENT = ("libbpf", "libfmt", "libmicrohttpd", "libncursesw", "libprometheus-cpp", "libspdlog")
FILES = {
    "LICENSE",
    "LICENSES/GPL-2.0.txt",
    "LICENSES/libraries/libmicrohttpd12.txt",
    "README.md",
    "bin/fusescope",
    "docs/metrics.md",
    "etc/default/fusescope",
    "examples/with-kprobes.conf",
    "lib/fusescope/libmicrohttpd.so.12",
    "lib/systemd/system/fusescope.service",
    "share/bash-completion/completions/fusescope",
    "share/fusescope/dashboards/alerts.yml",
    "share/fusescope/dashboards/fusescope.json",
    "share/fusescope/dashboards/runbooks/FuseIoSplit.md",
    "share/man/man1/fusescope.1",
    *(f"share/man/man1/fusescope-{command}.1" for command in COMMANDS),
}


@pytest.fixture(scope="module", name="root")
def debian_13_with_the_release(debian_13):
    with tarfile.open(made("tarball")) as archive:
        archive.extractall(debian_13.path("/opt"))
    return debian_13


@pytest.fixture(name="directory")
def directory_of_the_release():
    return "/opt/" + made("tarball").name.removesuffix(".tar.gz")


@pytest.fixture(name="program")
def program_of_the_release(directory):
    return f"{directory}/bin/fusescope"


def test_its_files_are_there(root, directory):
    top = root.path(directory)
    assert FILES - {str(path.relative_to(top)) for path in top.rglob("*")} == set()


def dynamic_section(file):
    return output("readelf", "--wide", "--dynamic", file)


def test_needs_glibc_alone_of_the_host(root, directory, program):
    libraries = root.path(f"{directory}/lib/fusescope")
    files = [root.path(program), *libraries.iterdir()]
    needed = {name for file in files
              for name in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic_section(file))}
    assert needed - {file.name for file in files} <= ALLOWED
    versions = "".join(output("readelf", "--wide", "--version-info", file) for file in files)
    glibc = {tuple(map(int, found.split("."))) for found in
             re.findall(r"Name: GLIBC_([\d.]+)", versions)}
    assert glibc and max(glibc) <= NEWEST_GLIBC


def test_takes_its_own_libraries(root, directory, program):
    """Not those of the host, also where it has some of that name."""
    loaded = root.output("ldd", program)
    found = dict(re.findall(r"(\S+) => (\S+)", loaded))
    assert {name: place for name, place in found.items()
            if not place.startswith(f"{directory}/") and name not in ALLOWED} == {}


def test_each_library_has_its_license(root, directory):
    licenses = root.path(f"{directory}/LICENSES/libraries")
    assert all(file.stat().st_size for file in licenses.iterdir())
    assert {"libgnutls30.txt", "libbpf1.txt"} <= {file.name for file in licenses.iterdir()}


def test_runs_where_its_libraries_are_not(root, program, directory):
    libraries = root.output("ldconfig", "-p")
    assert [name for name in ABSENT if name in libraries] == []
    version = re.search(r"fusescope-([\d.]+)-linux", directory)[1]
    assert root.output(program, "--version") == f"fusescope {version}"


def test_doctor_says_what_the_kernel_allows(root, program):
    report = json.loads(root.run(program, "doctor", "--json", check=False).stdout)
    assert {role["role"] for role in report["roles"]} >= {"sent", "ended", "call"}


def test_top_prints_its_table(root, program):
    assert "MOUNT" in root.output(program, "top", "-n", "1", "-d", "0.2")


def test_counts_rightly(root, program, counts_rightly):
    counts_rightly(root.under(program))


class GuardedAgentInRoot(GuardedAgent):
    """Its files have other names there."""

    def __init__(self, *args, **options):  # pylint: disable=super-init-not-called
        Agent.__init__(self, *args, **options)


def test_serves_over_tls(root, program, tmp_path):
    directory = root.path("/opt/web")
    directory.mkdir()
    authority = Authority(directory)
    authority.issue("server", "DNS:localhost", "serverAuth")
    (directory / "web.yml").write_text(
        "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
        f"basic_auth_users:\n  alice: {HASH}\n")
    agent = GuardedAgentInRoot("--web.config.file=/opt/web/web.yml", log=tmp_path / "agent.log",
                               under=root.under(program))
    status, body = get(agent.port, "/metrics", tls=authority.client(), password=PASSWORD)
    assert status == 200 and b"fusescope_build_info" in body
    assert get(agent.port, tls=authority.client(), password="wrong")[0] == 401
    assert agent.stop() == 0

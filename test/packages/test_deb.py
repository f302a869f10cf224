# SPDX-License-Identifier: Apache-2.0
"""The Debian package in a clean Debian 12: apt resolves what it needs, it works, it goes."""

import re
import shlex
import shutil

import pytest

from harness import ROOT
from packages import COMMANDS, DIRECTORY, made, output, run

COMPLETION = "/usr/share/bash-completion/completions/fusescope"
FILES = {
    "/etc/default/fusescope",
    "/lib/systemd/system/fusescope.service",
    "/usr/bin/fusescope",
    COMPLETION,
    "/usr/share/doc/fusescope/copyright",
    "/usr/share/doc/fusescope/examples/fusescope.socket",
    "/usr/share/doc/fusescope/examples/with-kprobes.conf",
    "/usr/share/doc/fusescope/examples/with-web-config.conf",
    "/usr/share/fusescope/dashboards/alerts.yml",
    "/usr/share/fusescope/dashboards/fleet.json",
    "/usr/share/fusescope/dashboards/fusescope.json",
    "/usr/share/fusescope/dashboards/recording.yml",
    "/usr/share/fusescope/dashboards/runbooks/FuseIoSplit.md",
    "/usr/share/man/man1/fusescope.1.gz",
    *(f"/usr/share/man/man1/fusescope-{command}.1.gz" for command in COMMANDS),
}


def names_of_it(root):
    """Whatever is called fusescope there."""
    return {str(path.relative_to(root.directory)) for path in root.directory.rglob("*fusescope*")}


@pytest.fixture(scope="module", name="root")
def root_with_the_package(debian_12):
    assert names_of_it(debian_12) == set()
    package = debian_12.path("/tmp") / made("deb").name
    shutil.copy(made("deb"), package)
    debian_12.run("apt-get", "update")
    debian_12.run("apt-get", "install", "-y", "--no-install-recommends", f"/tmp/{package.name}")
    package.unlink()
    return debian_12


def test_lintian_has_nothing_to_say():
    made("deb")
    [changes] = DIRECTORY.glob("fusescope_*.changes")
    done = run("lintian", "--allow-root", "--fail-on=error,warning", changes, check=False)
    assert (done.returncode, re.findall("^[EW]: .*", done.stdout, re.MULTILINE)) == (0, [])


def test_what_it_is_built_with_is_in_the_lists():
    control = (ROOT / "deploy/debian/control").read_text()
    [needed] = re.findall(r"^Build-Depends:\n((?: .*\n)+)", control, re.MULTILINE)
    lists = "".join((ROOT / "deploy" / name).read_text()
                    for name in ("packages-build.txt", "packages-deb.txt"))
    listed = set(re.findall(r"^[a-z][^ #\n]*", lists, re.MULTILINE))
    assert set(re.findall(r"^ ([a-z0-9+-]+?)(?:-compat.*)?,", needed, re.MULTILINE)) <= listed


def test_its_files_are_there(root):
    installed = set(root.output("dpkg", "-L", "fusescope").splitlines())
    assert FILES - installed == set()
    assert root.output("dpkg", "--verify", "fusescope") == ""


def test_says_its_version(root):
    version = root.output("dpkg-query", "-W", "-f", "${Version}", "fusescope")
    assert root.output("fusescope", "--version") == f"fusescope {version}"


def test_is_started_with_the_host(root):
    """By itself: its socket is for those who ask for it."""
    wanted = {path.name: str(path.readlink())
              for path in root.path("/etc/systemd/system").rglob("fusescope*")}
    assert wanted == {"fusescope.service": "/lib/systemd/system/fusescope.service"}


@pytest.mark.parametrize("page", ["", *(f"-{command}" for command in sorted(COMMANDS))])
def test_manual_page(root, page):
    file = root.path(f"/usr/share/man/man1/fusescope{page}.1.gz")
    done = run("man", "--warnings", "--no-justification", "--local-file", file,
               env={"MANWIDTH": "100", "LC_ALL": "C"})
    assert done.stderr == ""
    for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "SEE ALSO"):
        assert re.search(f"^{heading}$", done.stdout, re.MULTILINE), done.stdout
    assert re.search(rf"^ +fusescope{page} - \w.*\w", done.stdout, re.MULTILINE)
    if page:
        command = page.removeprefix("-")
        assert re.search(rf"^EXAMPLES\n {{7}}fusescope {command}\b.*\n {{14}}\w", done.stdout,
                         re.MULTILINE)
    [usage] = re.findall(r"^SYNOPSIS\n +(.*)", done.stdout, re.MULTILINE)
    assert usage.startswith(f"fusescope{page.replace('-', ' ')} [OPTIONS]")


def options_of(root, command):
    return set(re.findall(r"^ +(?:-\w,)?(--[a-z.-]+)", root.output("fusescope", command, "--help"),
                          re.MULTILINE))


def completed(root, *words):
    """What the last word may become."""
    script = f"""
        source {COMPLETION}
        COMP_WORDS=(fusescope {shlex.join(words)}) COMP_CWORD={len(words)}
        _fusescope fusescope "${{COMP_WORDS[-1]}}" "${{COMP_WORDS[-2]}}"
        printf '%s\\n' "${{COMPREPLY[@]}}"
        complete -p fusescope"""
    *words, definition = root.output("bash", "-euc", script).splitlines()
    assert "-F _fusescope" in definition
    return {word for word in words if word}


@pytest.mark.parametrize("words,expected", [
    (("",), COMMANDS | {"--help", "--version", "-h"}),
    (("se",), {"serve"}),
    (("serve", "--log."), {"--log.format", "--log.level"}),
    (("serve", "--log.format", ""), {"json", "logfmt"}),
    (("serve", "--log.format", "=", "j"), {"json"}),
    (("serve", "--log.format", "="), {"json", "logfmt"}),
    (("verify", "/usr/"), set()),  # readline's names of files
    (("stat", "--", "ls", "--"), set()),
    (("nonsense", "x"), set()),
])
def test_completion(root, words, expected):
    assert completed(root, *words) == expected


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_completion_knows_each_option(root, command):
    options = options_of(root, command)
    assert "--hooks" in options
    assert completed(root, command, "--") == options


def test_counts_rightly(root, counts_rightly):
    scrape = counts_rightly(root.under("/usr/bin/fusescope"))
    [build] = scrape.select("fusescope_build_info")
    version = root.output("dpkg-query", "-W", "-f", "${Version}", "fusescope")
    assert build.labels["version"] == version
    assert build.labels["revision"] == output("git", "-c", "safe.directory=*", "-C", ROOT,
                                              "rev-parse", "--short", "HEAD")


def test_keeps_the_options_file_until_it_is_purged(root):
    options = root.path("/etc/default/fusescope")
    options.write_text(options.read_text() + "# mine\n")
    root.run("apt-get", "remove", "-y", "fusescope")
    assert options.read_text().endswith("# mine\n")
    assert not root.path("/usr/bin/fusescope").exists()
    root.run("apt-get", "purge", "-y", "fusescope")
    assert names_of_it(root) == set()

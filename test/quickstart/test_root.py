# SPDX-License-Identifier: Apache-2.0
"""Every command that needs root, as another user types it: it runs again through sudo or doas, or
says in one line what to do."""

import os
import re
import shutil
import subprocess

import pytest

COMMANDS = {
    "test/run.sh": ["e2e"],
    "deploy/quickstart.sh": ["--demo", "--listen", "127.0.0.1:0"],
    "test/clean_root.sh": ["--fresh"],
    "test/packages/root": ["run", "/", "true"],
    "test/bench/overhead": ["--quick"],
    "test/bench/series": ["--mounts", "0,1"],
    "test/soak/big_host": ["--seconds", "1"],
    "test/soak/run": ["0.1"],
}
NOBODY = 65534
# of a path that has neither sudo nor doas
TOOLS = ("bash", "basename", "cat", "dirname", "echo", "env", "grep", "mkdir", "rm", "sed", "sort",
         "stat", "tail", "touch", "xargs")


@pytest.fixture
def as_user(project):
    """as_user(COMMAND...): run by one who is not root."""
    for tool in TOOLS:
        (project.directory / "bin" / tool).symlink_to(shutil.which(tool))
    project.recorded = project.work / "recorded"
    project.work.chmod(0o777)

    def run(*command):
        return subprocess.run(
            command, cwd=project.directory, user=NOBODY, group=NOBODY, extra_groups=[], text=True,
            capture_output=True, timeout=60, check=False,
            env={**project.environment(), "PATH": f"{project.directory}/bin", "CI": "true",
                 "FUSESCOPE_CACHE": "/var/cache/with a blank", "RECORDED": str(project.recorded)})

    return run


@pytest.mark.parametrize("giver", ["sudo", "doas"])
@pytest.mark.parametrize("name", COMMANDS)
def test_runs_again(project, as_user, name, giver):
    project.replace(f"bin/{giver}", 'printf "%s\\n" "$@" >"$RECORDED"; exit 7')
    done = as_user(name, *COMMANDS[name])
    assert done.returncode == 7, done
    assert done.stderr == f"{os.path.basename(name)}: needs root: runs again through {giver}\n"
    env, *words = project.recorded.read_text().splitlines()
    settings, command = words[:-1 - len(COMMANDS[name])], words[-1 - len(COMMANDS[name]):]
    assert env == "env"
    assert {"CI=true", "FUSESCOPE_CACHE=/var/cache/with a blank", "TERM=dumb"} <= set(settings)
    assert os.path.realpath(project.directory / command[0]) == str(project.directory / name)
    assert command[1:] == COMMANDS[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_says_what_to_do(as_user, name):
    done = as_user(name, *COMMANDS[name])
    assert done.returncode == 2, done
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith(f"{os.path.basename(name)}: needs root"), done
    assert f"su -c '{name} {' '.join(COMMANDS[name])}'" in lines[0]


@pytest.mark.parametrize("name", [*COMMANDS, "deploy/package.sh"])
def test_help_needs_no_root(as_user, name):
    done = as_user(name, "--help")
    assert done.returncode == 0 and done.stderr == "", done
    assert not re.search(r"^(Usage: |  )(sudo|doas) ", done.stdout, re.MULTILINE), done.stdout


def test_only_apt_get_goes_through_sudo(project, as_user):
    """What package.sh builds is the user's: it goes on as that."""
    shutil.chown(project.directory / "build", NOBODY)
    project.replace("bin/sudo", 'printf "%s\\n" "$@" >"$RECORDED"; exit 7')
    project.replace("bin/apt-get", "exit 1")
    project.replace("bin/dpkg-query", "exit 1")
    done = as_user("deploy/package.sh", "deb")
    assert done.returncode == 1 and "apt-get failed" in done.stderr, done
    assert project.recorded.read_text().splitlines()[-1] == "update"
    assert "apt-get" in project.recorded.read_text().splitlines()


def test_installing_says_what_to_do(project, as_user):
    shutil.chown(project.directory / "build", NOBODY)
    project.replace("bin/apt-get", "exit 1")
    project.replace("bin/dpkg-query", "exit 1")
    done = as_user("deploy/package.sh", "deb")
    assert done.returncode == 1, done
    assert "neither sudo nor doas: run as root apt-get install bpftool" in done.stderr, done

# SPDX-License-Identifier: Apache-2.0
"""The packages under test, and the clean Debian roots that they are tried in."""

import functools
import pathlib
import subprocess

from harness import ROOT

DIRECTORY = ROOT / "build/package"
COMMANDS = {"serve", "doctor", "stat", "top", "trace", "verify"}
PATTERNS = {"deb": "fusescope_*.deb", "tarball": "fusescope-*-linux-x86_64.tar.gz"}
OF_ANOTHER_KIND = {"deb": "fusescope-0.0-linux-x86_64.tar.gz", "tarball": "fusescope_0.0_amd64.deb"}
IN_ROOT = pathlib.Path(__file__).parent / "root"


def run(*command, check=True, **options):
    """What it prints; its errors are shown when it fails."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False,
                          timeout=1800, **options)
    assert done.returncode == 0 or not check, f"{command}: {done.stdout}{done.stderr}"
    return done


def output(*command, **options):
    return run(*command, **options).stdout.strip()


@functools.cache
def made(kind):
    """The package of that kind, made from the working tree, once in a run."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    other = DIRECTORY / OF_ANOTHER_KIND[kind]
    other.touch()
    run(ROOT / "deploy/package.sh", kind)
    other.unlink()  # which must be there still
    [package] = DIRECTORY.glob(PATTERNS[kind])
    return package


class Root:
    """A directory with a system; what runs in it sees its files alone, and the host's kernel."""

    def __init__(self, directory):
        self.directory = directory

    def under(self, *command):
        return [IN_ROOT, "run", self.directory, *command]

    def run(self, *command, **options):
        return run(*self.under(*command), **options)

    def output(self, *command):
        return self.run(*command).stdout.strip()

    def path(self, name):
        return self.directory / name.lstrip("/")


def debian(suite, directory):
    """A minimal one."""
    run(IN_ROOT, "make", suite, directory)
    return Root(directory)

# SPDX-License-Identifier: Apache-2.0
"""Debian packages of other suites, downloaded with apt but not installed.

apt gets directories of its own for its lists and downloads; where its mirror is comes from this host's
apt each time and is kept nowhere.
"""

import contextlib
import lzma
import pathlib
import platform
import re
import shutil
import subprocess
import tarfile
import tempfile

from matrix import Refusal, cache_directory

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
CONFIGURATION = """
Dir::State::lists "{cache}/lists";
Dir::State::status "/dev/null";
Dir::Cache "{cache}/apt";
Dir::Etc::sourcelist "{private}/sources.list";
Dir::Etc::sourceparts "{private}/none";
Dir::Etc::preferencesparts "{private}/none";
Acquire::Languages "none";
APT::Sandbox::User "root";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


def run(*command, **options):
    """What the command prints; a Refusal with its last words if it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          check=False, **options)
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["it said nothing"]
        raise Refusal(f"{pathlib.Path(str(command[0])).name} failed: {words[-1]}")
    return done.stdout


def mirror(suite):
    """The site that this host's apt uses for its own release, or for that one's security."""
    own = platform.freedesktop_os_release().get("VERSION_CODENAME", "?")
    own += "-security" if suite.endswith("-security") else ""
    sites = run("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages",
                f"Release: {own}").split()
    if not sites:
        raise Refusal(f"this host's apt knows no suite {own}: add it, then run apt-get update")
    return sites[0]


class Apt:
    """Knows these suites only."""

    def __init__(self, configuration):
        self.configuration = configuration

    def control(self, package):
        """The fields of the newest version of a package."""
        text = run("apt-cache", "-c", self.configuration, "show", "--no-all-versions", package)
        return dict(re.findall(r"^(\S+): (.*)$", text, re.MULTILINE))

    def download(self, package, directory):
        run("apt-get", "-c", self.configuration, "download", package, cwd=directory)


@contextlib.contextmanager
def apt_for(suites):
    """An Apt; nothing is left of it at the end."""
    cache = cache_directory() / ("apt-" + "-".join(suites))
    with tempfile.TemporaryDirectory(prefix="fusescope-apt.") as directory:
        private = pathlib.Path(directory)
        try:
            for name in ("lists/partial", "apt/archives/partial"):
                (cache / name).mkdir(parents=True, exist_ok=True)
            (private / "sources.list").write_text("".join(
                f"deb [arch=amd64 signed-by={KEYRING}] {mirror(suite)} {suite} main\n"
                for suite in suites))
            apt = Apt(private / "apt.conf")
            apt.configuration.write_text(CONFIGURATION.format(cache=cache, private=private))
            run("apt-get", "-c", apt.configuration, "update")
            yield apt
        finally:
            shutil.rmtree(cache, ignore_errors=True)


def kernel_packages(apt, package):
    """A kernel's packages, from the one that only depends on it."""
    depends = apt.control(package).get("Depends", "")
    found = re.findall(r"\blinux-(?:image|binary|modules)-\d[^ ,]*", depends)
    return list(dict.fromkeys([*found, *(inner for name in found
                                         for inner in kernel_packages(apt, name))]))


@contextlib.contextmanager
def members(package):
    """The files of a .deb, to be read in a stream: pairs of TarInfo and a reader."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package],
                          stdout=subprocess.PIPE) as unpack, \
            tarfile.open(fileobj=unpack.stdout, mode="r|") as archive:
        yield ((member, archive.extractfile(member)) for member in archive if member.isfile())


def save_wanted(package, modules, directory):
    with members(package) as files:
        for member, reader in files:
            name = pathlib.PurePath(member.name).name
            plain = name.removesuffix(".xz")
            if re.match(r"vmlinuz", name):
                (directory / "vmlinuz").write_bytes(reader.read())
            elif plain.removesuffix(".ko") in modules and ".ko" in plain:
                data = reader.read()
                (directory / plain).write_bytes(data if name == plain else lzma.decompress(data))


def complete(directory, kernel):
    return (directory / "vmlinuz").exists() and all(
        (directory / f"{module}.ko").exists() for module in kernel.modules)


def needed(packages, kernel):
    """The same, without the package of modules where all is built in."""
    return [name for name in packages if kernel.modules or not name.startswith("linux-modules-")]


def download_kernel(kernel, directory):
    with apt_for(kernel.suites) as apt, tempfile.TemporaryDirectory(dir=directory.parent) as work:
        packages = kernel_packages(apt, kernel.package)
        if not packages or f"-{kernel.release}." not in packages[0]:
            raise Refusal(f"no kernel {kernel.release} in {', '.join(kernel.suites)}, which now has"
                          f" {packages[:1]}: change test/vm/kernels.toml")
        for name in needed(packages, kernel):
            apt.download(name, work)
        for package in pathlib.Path(work).glob("*.deb"):
            save_wanted(package, kernel.modules, directory)
        (directory / "version").write_text(apt.control(packages[0])["Version"] + "\n")


def kernel_directory(kernel, fresh=False):
    """The cached vmlinuz and modules of a kernel; downloads them first if there are none."""
    directory = cache_directory() / f"linux-{kernel.name}"
    if fresh or not complete(directory, kernel):
        directory.mkdir(parents=True, exist_ok=True)
        download_kernel(kernel, directory)
    if not complete(directory, kernel):
        raise Refusal(f"the Debian kernel {kernel.name} has no {', '.join(kernel.modules)}:"
                      " change test/vm/kernels.toml")
    return directory

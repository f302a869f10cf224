# SPDX-License-Identifier: Apache-2.0
"""Filesystems of Debian packages, each mounted over a directory or an image that holds `data`."""

import dataclasses
import os
import subprocess
from collections.abc import Callable

from harness import wait_for

SIZE = 4 << 20
PASSWORD = "not a secret\n"


def run(*command, **options):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=30, **options)


def directory(served):
    return served


def squashfs(served):
    run("mksquashfs", served, f"{served}.squashfs", "-noappend", "-noI", "-noD")
    return f"{served}.squashfs"


def zip_archive(served):
    run("zip", "-0", "-r", f"{served}.zip", ".", cwd=served)
    return f"{served}.zip"


def tar_archive(served):
    run("tar", "-cf", f"{served}.tar", "-C", served, ".")
    return f"{served}.tar"


def iso_image(served):
    run("genisoimage", "-quiet", "-R", "-o", f"{served}.iso", served)
    return f"{served}.iso"


def empty_image(served):
    with open(f"{served}.image", "wb") as file:
        file.truncate(24 << 20)
    return f"{served}.image"


def ntfs_image(served):
    image = empty_image(served)
    run("mkntfs", "-F", "-Q", image)
    return image


def ext4_image(served):
    image = empty_image(served)
    run("mke2fs", "-q", "-F", "-t", "ext4", "-d", served, image)
    return image


def gocryptfs_directory(served):
    cipher = f"{served}.cipher"
    os.mkdir(cipher)
    with open(f"{served}.password", "w", encoding="ascii") as file:
        file.write(PASSWORD)
    run("gocryptfs", "-init", "-q", "-scryptn", "10", "-passfile", f"{served}.password", cipher)
    return cipher


def encfs_directory(served):
    os.mkdir(f"{served}.cipher")
    return f"{served}.cipher"


@dataclasses.dataclass(frozen=True)
class Kind:
    command: tuple  # SOURCE and MOUNTPOINT stand for themselves
    source: Callable = directory
    input: str = ""


SOURCE, MOUNTPOINT = "SOURCE", "MOUNTPOINT"

KINDS = {
    "archivemount": Kind(("archivemount", "-f", "-o", "readonly", SOURCE, MOUNTPOINT), tar_archive),
    "bindfs": Kind(("bindfs", "-f", SOURCE, MOUNTPOINT)),
    "disorderfs": Kind(("disorderfs", "-f", SOURCE, MOUNTPOINT)),
    "encfs": Kind(("encfs", "-f", "--standard", "--stdinpass", SOURCE, MOUNTPOINT), encfs_directory,
                  PASSWORD),
    "fuse-zip": Kind(("fuse-zip", "-f", "-r", SOURCE, MOUNTPOINT), zip_archive),
    "fuse2fs": Kind(("fuse2fs", "-f", SOURCE, MOUNTPOINT), ext4_image),
    "fuseiso": Kind(("fuseiso", "-n", SOURCE, MOUNTPOINT, "-f"), iso_image),
    "gocryptfs": Kind(("gocryptfs", "-fg", "-q", "-passfile", "SOURCE.password", SOURCE, MOUNTPOINT),
                      gocryptfs_directory),
    "mergerfs": Kind(("mergerfs", "-f", SOURCE, MOUNTPOINT)),
    "ntfs-3g": Kind(("ntfs-3g", "-o", "no_detach", SOURCE, MOUNTPOINT), ntfs_image),
    "rclone": Kind(("rclone", "mount", SOURCE, MOUNTPOINT)),
    "squashfuse": Kind(("squashfuse", "-f", SOURCE, MOUNTPOINT), squashfs),
    "unionfs": Kind(("unionfs", "-f", "SOURCE=RW", MOUNTPOINT)),
}


def write_data(served):
    with open(os.path.join(served, "data"), "wb") as file:
        file.write(os.urandom(SIZE))


class RealFilesystem:
    """`fill` puts into a directory what is served."""

    def __init__(self, kind, directory, fill=write_data):
        served, self.label = str(directory / "served"), str(directory / "mnt")
        os.mkdir(self.label)
        os.mkdir(served)
        fill(served)
        source = kind.source(served)
        words = {SOURCE: source, MOUNTPOINT: self.label, "SOURCE=RW": f"{source}=RW",
                 "SOURCE.password": f"{served}.password"}
        self.daemon = subprocess.Popen([words.get(word, word) for word in kind.command],
                                       stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, text=True)
        self.daemon.stdin.write(kind.input)
        self.daemon.stdin.close()
        wait_for(lambda: os.path.ismount(self.label), f"{kind.command[0]} mounted")

    def names(self):
        return os.listdir(self.label)

    def close(self):
        subprocess.run(["umount", "-l", self.label], check=False, stderr=subprocess.DEVNULL)
        try:
            self.daemon.wait(5)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            self.daemon.wait(5)

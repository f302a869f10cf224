# SPDX-License-Identifier: Apache-2.0
"""The image, made without a registry from a clean Debian and the release: what its configuration
says, and that the program in it works with the rights that runtimes give."""

import json
import pathlib
import shutil
import tarfile
import tempfile

import pytest

from harness import ROOT
from packages import Root, made, run

DOCKERFILE = ROOT / "deploy/container/Dockerfile"
PROGRAM = "/usr/bin/fusescope"
NOBODY = "65534"
RIGHTS = "-all,+bpf,+perfmon,+sys_ptrace"


class Store:
    """Images in a directory of their own. Each command has its own mounts, which end with it."""

    def __init__(self, directory):
        self.directory = directory

    def buildah(self, *arguments):
        return run("unshare", "--mount", "--propagation", "private", "buildah",
                   "--root", self.directory / "storage", "--runroot", self.directory / "run",
                   "--storage-driver", "vfs", *arguments).stdout.strip()

    def base(self, root):
        """A container with that root's files as its first layer, as an image."""
        container = self.buildah("from", "scratch")
        self.buildah("add", container, root.directory, "/")
        self.buildah("commit", container, "localhost/base")
        return "localhost/base"

    def image(self, base, context):
        self.buildah("build", "--pull-never", "--isolation", "chroot", "--build-arg",
                     f"BASE={base}", "--tag", "localhost/fusescope", "--file", DOCKERFILE, context)
        return "localhost/fusescope"


@pytest.fixture(scope="module", name="store")
def store_of_images():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="fusescope-images.", dir="/var/tmp"))
    try:
        yield Store(directory)
    finally:
        shutil.rmtree(directory)


@pytest.fixture(scope="module", name="image")
def image_of_the_release(store, debian_12, tmp_path_factory):
    directory = tmp_path_factory.mktemp("release")
    with tarfile.open(made("tarball")) as archive:
        archive.extractall(directory)
    [release] = directory.iterdir()
    return store.image(store.base(debian_12), release)


@pytest.fixture(scope="module", name="container")
def container_of_the_image(store, image):
    return store.buildah("from", "--pull-never", image)


@pytest.fixture(name="root")
def root_of_the_container(store, container):
    return Root(pathlib.Path(store.buildah("mount", container)))


def test_serves_and_is_not_root(store, image):
    config = json.loads(store.buildah("inspect", "--type", "image", image))["OCIv1"]["config"]
    assert config["User"].split(":") == [NOBODY, NOBODY]
    assert [*config["Entrypoint"], *config["Cmd"]] == [PROGRAM, "serve"]
    assert list(config["ExposedPorts"]) == ["10980/tcp"]


def test_runs_in_it(store, container):
    def in_container(*command):
        return store.buildah("run", "--isolation", "chroot", container, *command)

    version = made("tarball").name.split("-")[1]
    assert in_container(PROGRAM, "--version") == f"fusescope {version}"
    assert in_container("id", "--user") == NOBODY


@pytest.mark.parametrize("user,how", [
    (NOBODY, ["--inh-caps", RIGHTS, "--ambient-caps", RIGHTS]),
    ("0", ["--inh-caps", RIGHTS]),
], ids=["podman", "docker"])
def test_counts_rightly_with_the_rights_of_a_runtime(root, counts_rightly, user, how):
    counts_rightly(root.under("setpriv", "--reuid", user, "--regid", user, "--clear-groups",
                              "--bounding-set", RIGHTS, *how, "--no-new-privs", PROGRAM))

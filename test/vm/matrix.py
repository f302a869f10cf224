# SPDX-License-Identifier: Apache-2.0
"""The kernel matrix of kernels.toml, as objects; and what all parts of the runner share."""

import dataclasses
import os
import pathlib
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("FUSESCOPE_BUILD") or ROOT / "build/release").absolute()


class Refusal(Exception):
    """What cannot be done, why, and the way out, in one line."""


def cache_directory():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("FUSESCOPE_CACHE") or f"{base}/fusescope") / "vm"


@dataclasses.dataclass(frozen=True)
class Kernel:
    name: str
    suites: tuple
    package: str = "linux-image-amd64"
    modules: tuple = ()

    @property
    def release(self):
        return self.name.split("-")[0]


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    kernel: Kernel
    modes: tuple
    command_line: str = ""
    virtiofs: bool = False
    countfs: tuple = ()
    missing: tuple = ()
    skips: tuple = ()
    lossy: bool = False
    commands: bool = True
    few_rights: dict | None = None
    missing_roles: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Size:
    modes: str
    limits: tuple = ()
    once: bool = False

    def modes_of(self, row):
        if self.modes == "all":
            return row.modes
        last = row.modes[-1] if row.modes[-1] == "auto" else row.modes[0]
        return tuple(dict.fromkeys((row.modes[0], last)))


def frozen(table):
    return {key: tuple(value) if isinstance(value, list) else value
            for key, value in table.items()}


def load_table(file=HERE / "kernels.toml"):
    return tomllib.loads(file.read_text())


def load_rows():
    data = load_table()
    kernels = {name: Kernel(name, **frozen(table)) for name, table in data["kernels"].items()}
    rows = [Row(**frozen(table) | {"kernel": kernels[table["kernel"]]}) for table in data["row"]]
    return {row.name: row for row in rows}


def load_sizes():
    return {name: Size(**frozen(table)) for name, table in load_table()["sizes"].items()}

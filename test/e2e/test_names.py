# SPDX-License-Identifier: Apache-2.0
"""A mount path may hold any byte but NUL and must not break the scrape."""

import subprocess

import pytest

from harness import sgio

NAMES = {
    "space": (b"with space", "with space"),
    "newline": (b"two\nlines", "two\nlines"),
    "quotes": (b'"double" and \'single\'', '"double" and \'single\''),
    "backslash": (b"back\\slash\\n", "back\\slash\\n"),
    "comma-and-brace": (b'a,b="c"}', 'a,b="c"}'),
    "utf-8": ("Grüße-日本".encode(), "Grüße-日本"),
    "not-utf-8": (b"bad-\xff\xfe-end", "bad-\\xff\\xfe-end"),
    "cut-utf-8": (b"cut-\xe6\x97", "cut-\\xe6\\x97"),
    "octal-look-alike": (b"x\\040y", "x\\040y"),
}


@pytest.mark.parametrize("name", NAMES)
def test_is_shown_and_counted(agent, mount, tmp_path, name):
    raw, label = NAMES[name]
    filesystem = mount(mountpoint=bytes(tmp_path) + b"/" + raw)
    sgio(filesystem.path(), "--direct", "--calls", "3")
    scrape = agent.scrape()
    assert scrape.total("fuse_io_requests_count", mountpoint=f"{tmp_path}/{label}",
                        op="read") == 3
    checked = subprocess.run(["promtool", "check", "metrics"], input=scrape.text.encode(),
                             capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")

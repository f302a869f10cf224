#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reads the text that a Prometheus exporter serves. As a program: prints that of a URL."""

import re
import sys
import urllib.request

SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read().decode(errors="replace")


def unescaped(value):
    return re.sub(r"\\.", lambda escape: ESCAPES.get(escape[0], escape[0]), value)


def number(text):
    """Whole numbers as int, so that they print as such."""
    return int(text) if text.isdecimal() else float(text)


class Samples:
    """The samples of one exposition, to be selected by labels."""

    def __init__(self, text):
        self.by_name = {}
        for line in text.splitlines():
            found = SAMPLE.fullmatch(line)
            if found:
                name, labels, value = found.groups()
                labels = {key: unescaped(text) for key, text in LABEL.findall(labels or "")}
                self.by_name.setdefault(name, []).append((labels, number(value)))

    def select(self, name, **wanted):
        return [(labels, value) for labels, value in self.by_name.get(name, [])
                if wanted.items() <= labels.items()]

    def total(self, name, **wanted):
        return sum(value for _, value in self.select(name, **wanted))


if __name__ == "__main__":
    try:
        print(fetch(sys.argv[1]), end="")
    except OSError as error:
        sys.exit(f"exposition.py: get {sys.argv[1]}: {error}")

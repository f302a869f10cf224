# SPDX-License-Identifier: Apache-2.0
"""The configurations of Prometheus in docs/fleet.md, and what they keep of a scrape."""

import pathlib
import re

import yaml

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs/fleet.md"


def blocks():
    """The text of each configuration."""
    return re.findall(r"^```yaml\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)


def job(name):
    [found] = [each for block in blocks()
               for each in yaml.safe_load(block).get("scrape_configs", [])
               if each["job_name"] == name]
    return found


def keeps(steps):
    """Whether the steps of a relabeling, all of which keep or drop, leave a series: a function of
    its labels."""
    def is_kept(labels):
        for step in steps:
            value = ";".join(labels.get(source, "") for source in step["source_labels"])
            if bool(re.fullmatch(step["regex"], value)) != (step["action"] == "keep"):
                return False
        return True

    return is_kept

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Wraps the rules of dashboards/ for the Prometheus operator. A test holds the result to them.

  deploy/kubernetes/prometheusrule.py > deploy/kubernetes/base/prometheusrule.yaml
"""

import pathlib
import re

DASHBOARDS = pathlib.Path(__file__).resolve().parents[2] / "dashboards"
HEAD = """\
# SPDX-License-Identifier: Apache-2.0
# Generated from dashboards/alerts.yml and recording.yml by prometheusrule.py: change them there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: fusescope
  labels:
    app.kubernetes.io/name: fusescope
spec:
  groups:
"""


def groups_of(name):
    """The lines of the groups, as deep as they must be there."""
    _, _, groups = (DASHBOARDS / name).read_text().partition("\ngroups:\n")
    return re.sub(r"^(?=.)", "  ", groups, flags=re.MULTILINE)


if __name__ == "__main__":
    print(HEAD + groups_of("alerts.yml") + "\n" + groups_of("recording.yml"), end="")

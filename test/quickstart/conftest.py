# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))

from project import Project  # noqa: E402


@pytest.fixture
def project():
    made = Project()
    yield made
    made.remove()

"""Fixtures of the bundle tests."""

from pathlib import Path

import pytest
from bundle_runs import BUNDLES


@pytest.fixture(params=BUNDLES, ids=lambda path: path.name, scope="session")
def bundle(request: pytest.FixtureRequest) -> Path:
    """Folder of each bundle in turn."""
    return request.param

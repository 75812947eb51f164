"""Fixtures of the bundle tests."""

from pathlib import Path

import pytest
from bundle_runs import BUNDLES, COHORTS, REPOSITORY


@pytest.fixture(params=BUNDLES, ids=lambda path: path.name, scope="session")
def bundle(request: pytest.FixtureRequest) -> Path:
    """Folder of each bundle in turn; a test of one bundle gives its name by indirect parametrisation."""
    return REPOSITORY / "bundles" / getattr(request.param, "name", request.param)


@pytest.fixture(scope="session")
def cohort(bundle: Path, request: pytest.FixtureRequest) -> Path:
    """Folder of the tiny cohort that the bundle can be trained on."""
    return request.getfixturevalue(COHORTS[bundle.name])

"""One SQLite store for the tests of this folder: making its tables costs seconds."""

import pytest

pytest.importorskip("mlflow")


@pytest.fixture(scope="session")
def database(tmp_path_factory):
    """Address of the store."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield f"sqlite:///{tmp_path_factory.mktemp('store')}/runs.db"

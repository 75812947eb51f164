"""A store that cannot be used is refused in one line before a training starts."""

import socket

import pytest

from taskgan_ext.errors import ConfigError
from taskgan_ext.tracking.experiment_store import ExperimentStore


@pytest.mark.parametrize("uri", ["runs", "/data/runs", "file:///data/runs"])
def test_a_folder_is_refused(uri, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(ConfigError, match="tracking_uri: expected sqlite"):
        ExperimentStore(uri, "x")


def test_a_server_that_is_not_there_is_refused_without_the_password(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ConfigError, match="none answers") as error:
        ExperimentStore(f"http://someone:secret@127.0.0.1:{port}", "x")
    assert "secret" not in str(error.value)


def test_a_deleted_experiment_is_refused(database):
    store = ExperimentStore(database, "to be deleted")
    store.client.delete_experiment(store.experiment_id)
    with pytest.raises(ConfigError, match="it was deleted"):
        ExperimentStore(database, "to be deleted")


def test_the_environment_counts_more(database, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", database)
    assert ExperimentStore("http://127.0.0.1:1", "of the environment").address == database


def test_a_run_says_neither_user_nor_program(database):
    store = ExperimentStore(database, "tags")
    run = store.find_run(store.create_run("run", {"a": "b"}))
    assert {run.data.tags[f"mlflow.{name}"] for name in ("user", "source.name")} == {"taskgan_ext"}
    assert run.data.tags["a"] == "b"


def test_a_run_of_another_experiment_is_not_found(database):
    one, other = ExperimentStore(database, "one"), ExperimentStore(database, "other")
    assert other.find_run(one.create_run("run", {})) is None
    assert one.find_run("0" * 32) is None


def test_a_taken_name_is_known(database):
    store = ExperimentStore(database, "names")
    store.create_run("it's", {})
    assert store.is_taken("it's")
    assert not store.is_taken("its")

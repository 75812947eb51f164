"""A store that cannot be used is refused in one line before a training starts."""

import os
import socket

import pytest

from taskgan_ext.errors import ConfigError
from taskgan_ext.tracking.experiment_store import ExperimentStore
from taskgan_ext.tracking.load_mlflow import load_mlflow


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
    assert ExperimentStore("http://127.0.0.1:1", "of the environment").address.uri == database


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


@pytest.mark.parametrize("name", ['it\'s "both"', "100 %_\\ '", "`;-- ü 漢", "=" * 200])
def test_any_name_can_be_looked_for(database, name):
    store = ExperimentStore(database, "odd names")
    assert not store.is_taken(name)
    store.create_run(name, {})
    assert store.is_taken(name)


def test_an_experiment_or_a_model_that_another_process_makes_meanwhile_is_used(database, monkeypatch):
    made = ExperimentStore(database, "made meanwhile")
    client = type(made.client)
    look, answers = client.get_experiment_by_name, [None]
    monkeypatch.setattr(
        client, "get_experiment_by_name", lambda self, name: answers.pop() if answers else look(self, name)
    )
    assert ExperimentStore(database, "made meanwhile").experiment_id == made.experiment_id
    for name in ("first", "second"):
        run_id = made.create_run(name, {})
        for _ in range(2):
            made.register("model made meanwhile", run_id, "bundle", {})
        assert made.is_registered(run_id)
    assert len(made.client.search_model_versions("name = 'model made meanwhile'")) == 2


def test_a_tag_that_is_gone_can_be_removed(database):
    store = ExperimentStore(database, "tags")
    run_id = store.create_run("run", {"error": "x"})
    for _ in range(2):
        store.change_tags(run_id, {"a": "b"}, ["error", "never"])
    tags = store.find_run(run_id).data.tags
    assert tags["a"] == "b"
    assert "error" not in tags


def test_an_unknown_kind_of_store_is_refused_in_a_line_of_its_own(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(ConfigError, match="unsupported URI 'bogus://x'"):
        ExperimentStore("bogus://x", "x")


def test_requests_give_up_soon_unless_the_user_wants_otherwise(monkeypatch):
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "7")
    load_mlflow()
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "1"
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "7"

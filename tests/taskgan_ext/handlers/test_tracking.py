"""MLflow learns settings, every loss and the weights of a run."""

import pytest
from tiny_training import make_tiny_networks, make_trainer, slice_data, slice_loader, step_losses

from taskgan_ext.engines.loss_trainer import loss_terms
from taskgan_ext.handlers.tracking import complete_tracking
from taskgan_ext.handlers.training_checkpoint import TrainingCheckpoint
from taskgan_ext.keys import LOSS, LOSS_TERMS

mlflow = pytest.importorskip("mlflow")
SETTINGS = {"seed": 0, "lambda_gan": 0.3}


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Making the tables costs seconds, so all tests share one."""
    folder = tmp_path_factory.mktemp("mlflow")
    return f"sqlite:///{folder}/runs.db"


def handler_of(database, name, **settings):
    from monai.handlers import MLFlowHandler

    return MLFlowHandler(
        database,
        experiment_name=name,
        run_name="run",
        close_on_complete=True,
        dataset_logger=lambda *_: None,
        **settings,
    )


def run_of(database, name):
    client = mlflow.MlflowClient(tracking_uri=database)
    (run,) = client.search_runs([client.get_experiment_by_name(name).experiment_id])
    return client, run


def test_run_records_settings_losses_and_weights(database, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    networks = make_tiny_networks()
    checkpoint = TrainingCheckpoint(
        tmp_path / "state.pt", {"network": networks.generator}, {"model": networks.generator}
    )
    trainer = make_trainer(
        networks,
        slice_loader(slice_data(), num_samples=8),
        step_losses(task_training="both"),
        epochs=2,
        handlers=[checkpoint, handler_of(database, "all")],
        hyperparameters=SETTINGS,
    )
    trainer.run()
    client, run = run_of(database, "all")
    assert run.info.status == "FINISHED"
    assert {name: run.data.params[name] for name in SETTINGS} == {"seed": "0", "lambda_gan": "0.3"}
    for name in (LOSS, *LOSS_TERMS):
        history = client.get_metric_history(run.info.run_id, name)
        assert {1, 2} <= {point.step for point in history}, name
        assert pytest.approx(trainer.state.metrics[name]) in [point.value for point in history]
    assert "model.pt" in [file.path for file in client.list_artifacts(run.info.run_id)]


def test_configured_handler_is_left_alone(database):
    def transform(output):
        return {}

    handler = handler_of(database, "own", experiment_param={"own": 1}, output_transform=transform)
    complete_tracking([handler], SETTINGS, loss_terms)
    assert handler.experiment_param == {"own": 1}
    assert handler.output_transform is transform


def test_losses_are_taken_from_a_batch_and_from_decollated_items():
    output = {"image": 1.0, "loss": 2.0, "loss_pixel": 3.0}
    assert loss_terms(output) == loss_terms([output, output]) == {"loss": 2.0, "loss_pixel": 3.0}

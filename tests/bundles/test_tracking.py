"""Experiment tracking: with MONAI's own settings and with those of the bundle, in a local SQLite store."""

import math
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from bundle_runs import TINY, run_workflow

mlflow = pytest.importorskip("mlflow")

# mlflow builds its tables with an option that SQLAlchemy will drop.
pytestmark = pytest.mark.filterwarnings(
    "ignore:The ..noload.. loader strategy is deprecated:DeprecationWarning"
)

LOSSES = {"loss", "loss_pixel", "loss_gan", "loss_task", "loss_discriminator"}


class Tracked(NamedTuple):
    """What a run has left in the store."""

    run: Any
    artifacts: set[str]
    steps: dict[str, list[int]]


def tracked_run(client: Any, experiment: str) -> Tracked:
    """The only run of an experiment."""
    (run,) = client.search_runs(client.get_experiment_by_name(experiment).experiment_id)
    steps = {
        name: [metric.step for metric in client.get_metric_history(run.info.run_id, name)]
        for name in run.data.metrics
    }
    return Tracked(run, {file.path for file in client.list_artifacts(run.info.run_id)}, steps)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Folder and address of one store for the module: making it costs seconds."""
    folder = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.chdir(folder)
        yield f"sqlite:///{folder}/mlruns.db"


@pytest.fixture(scope="module", params=["mlflow", "tracking.json"])
def tracked(request, store, bundle, cohort, tmp_path_factory):
    """A tiny training, tracked with the settings that MONAI brings along and with those of the bundle."""
    root = tmp_path_factory.mktemp("tracked")
    own = request.param.endswith(".json")
    experiment = f"{bundle.name} {request.param}"
    run_workflow(
        bundle,
        "train",
        run_id="training",
        tracking=str(bundle / "configs" / request.param) if own else request.param,
        tracking_uri=store,
        experiment_name=experiment,
        dataset_dir=str(cohort),
        ckpt_dir=str(root / "models"),
        task_ckpt_dir=str(root / "models"),
        output_dir=str(root / "eval"),
    )
    return tracked_run(mlflow.MlflowClient(tracking_uri=store), experiment)


def test_every_loss_is_tracked_in_every_iteration(tracked):
    tiny = TINY["pet_denoising"]
    iterations = tiny["epochs"] * tiny["epoch_samples"] // tiny["batch_size"]
    for name in LOSSES:
        assert set(range(1, iterations + 1)) <= set(tracked.steps[name])
        assert math.isfinite(tracked.run.data.metrics[name])


def test_validation_metrics_are_tracked_for_every_epoch(tracked):
    assert tracked.steps["psnr"] == [1, 2]


def test_settings_of_the_run_are_tracked(tracked):
    params = tracked.run.data.params
    assert {"seed", "learning_rate", "lambda_gan", "mu_task", "ema_decay"} <= params.keys()
    assert params["batch_size"] == "4"


def test_weights_and_executed_configuration_are_kept(tracked):
    assert "model.pt" in tracked.artifacts
    assert any(Path(name).match("config_*.json") for name in tracked.artifacts)


def test_a_finished_run_is_closed(tracked):
    assert tracked.run.info.status == "FINISHED"

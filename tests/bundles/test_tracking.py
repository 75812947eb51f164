"""Experiment tracking: with MONAI's own settings and with those of the bundle, in a local SQLite store."""

import math
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from bundle_runs import BUNDLES, TINY, run_workflow
from monai.bundle import ConfigWorkflow

from taskgan_ext.bundle.messages import find_user_error
from taskgan_ext.io.atomic import read_json, write_json
from taskgan_ext.io.digest import sha256

mlflow = pytest.importorskip("mlflow")

# mlflow builds its tables with an option that SQLAlchemy will drop.
pytestmark = pytest.mark.filterwarnings(
    "ignore:The ..noload.. loader strategy is deprecated:DeprecationWarning"
)

LOSSES = ("loss", "loss_pixel", "loss_gan", "loss_task", "loss_discriminator")
TINY_PET = TINY["pet_denoising"]
EPOCHS = TINY_PET["epochs"]
ITERATIONS = EPOCHS * TINY_PET["epoch_samples"] // TINY_PET["batch_size"]


class Tracked(NamedTuple):
    """What a run has left in the store."""

    run: Any
    artifacts: set[str]
    steps: dict[str, list[int]]


def tracked_runs(client: Any, experiment: str) -> list[Tracked]:
    """The runs of an experiment, the first one first."""
    found = client.get_experiment_by_name(experiment)
    return [
        Tracked(
            run,
            artefacts(client, run.info.run_id),
            {
                name: sorted(metric.step for metric in client.get_metric_history(run.info.run_id, name))
                for name in run.data.metrics
            },
        )
        for run in client.search_runs([found.experiment_id], order_by=["attributes.start_time ASC"])
    ]


def artefacts(client: Any, run_id: str, folder: str | None = None) -> set[str]:
    """Paths of all files of a run."""
    files = client.list_artifacts(run_id, folder)
    inner = [artefacts(client, run_id, file.path) for file in files if file.is_dir]
    return {file.path for file in files if not file.is_dir}.union(*inner)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Folder and address of one store for the module: making it costs seconds."""
    folder = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.chdir(folder)
        yield f"sqlite:///{folder}/mlruns.db"


@pytest.fixture(scope="module")
def client(store):
    return mlflow.MlflowClient(tracking_uri=store)


def restore(bundle: Path, cohort: Path, out: Path, **data: Any) -> None:
    """Run a bundle as it is, from its own folder alone; ``data`` says what the data are."""
    workflow = ConfigWorkflow(
        str(bundle / "configs" / "inference.json"),
        logging_file=False,
        workflow_type="infer",
        bundle_root=str(bundle),
        dataset_dir=str(cohort),
        output_dir=str(out),
        device="$torch.device('cpu')",
        **data,
    )
    workflow.initialize()
    workflow.run()


def settings_of(cohort: Path, root: Path, store: str, experiment: str) -> dict[str, Any]:
    """Overrides of a tracked run."""
    return {
        "tracking_uri": store,
        "experiment_name": experiment,
        "dataset_dir": str(cohort),
        "ckpt_dir": str(root / "models"),
        "task_ckpt_dir": str(root / "models"),
        "output_dir": str(root / "eval"),
    }


@pytest.fixture(scope="module")
def by_monai(store, client, bundle, cohort, tmp_path_factory):
    """A tiny training, tracked with the settings that MONAI brings along."""
    experiment = f"{bundle.name} mlflow"
    settings = settings_of(cohort, tmp_path_factory.mktemp("by_monai"), store, experiment)
    run_workflow(bundle, "train", run_id="training", tracking="mlflow", **settings)
    (tracked,) = tracked_runs(client, experiment)
    return tracked


@pytest.fixture(scope="module")
def tracked(store, client, bundle, cohort, tmp_path_factory):
    """A tiny training, started twice, and its evaluation, tracked with the settings of the bundle."""
    settings = settings_of(cohort, tmp_path_factory.mktemp("tracked"), store, bundle.name)
    settings |= {"tracking": str(bundle / "configs" / "tracking.json"), "track_every": 2}
    run_workflow(bundle, "train", run_id="training", **settings)
    run_workflow(bundle, "train", run_id="training", **settings)
    run_workflow(bundle, "train", "evaluate", run_id="evaluating", **settings)
    return tracked_runs(client, bundle.name)


def test_monais_own_handler_tracks_losses_settings_and_weights(by_monai):
    for name in LOSSES:
        assert set(range(1, ITERATIONS + 1)) <= set(by_monai.steps[name])
        assert math.isfinite(by_monai.run.data.metrics[name])
    assert by_monai.steps["psnr"] == [1, 2]
    assert {"seed", "learning_rate", "lambda_gan", "mu_task", "ema_decay"} <= by_monai.run.data.params.keys()
    assert "model.pt" in by_monai.artifacts
    assert any(Path(name).match("config_*.json") for name in by_monai.artifacts)
    assert by_monai.run.info.status == "FINISHED"


def test_training_and_evaluation_have_a_finished_run_each(tracked):
    assert [each.run.data.tags["kind"] for each in tracked] == ["training", "evaluation"]
    assert [each.run.info.status for each in tracked] == ["FINISHED", "FINISHED"]
    assert tracked[1].run.data.tags["mlflow.parentRunId"] == tracked[0].run.info.run_id


def test_every_loss_and_every_learning_rate_is_tracked(tracked):
    training = tracked[0]
    for name in LOSSES:
        assert training.steps[f"train/{name}"] == list(range(1, EPOCHS + 1))
        assert training.steps[f"iteration/{name}"] == list(range(2, ITERATIONS + 1, 2))
        assert math.isfinite(training.run.data.metrics[f"train/{name}"])
    for name in ("learning_rate/generator", "learning_rate/discriminator"):
        assert training.steps[name] == [1, 2]
    assert training.steps["task/learning_rate"] == training.steps["task/loss"] == [1]
    assert training.run.data.metrics["learning_rate/discriminator"] == pytest.approx(0.0002)


def test_every_validation_is_tracked_with_a_picture(tracked):
    training = tracked[0]
    assert training.steps["validation/psnr"] == [1, 2]
    assert {"validation/epoch_0001.png", "validation/epoch_0002.png"} <= training.artifacts


def test_settings_versions_and_data_are_tracked(tracked, cohort):
    run = tracked[0].run
    wanted = {"seed", "learning_rate", "lambda_gan", "mu_task", "ema_decay", "data", "task.learning_rate"}
    assert wanted <= run.data.params.keys()
    assert run.data.params["batch_size"] == "4"
    assert run.data.params["task"] == "trained"
    assert run.data.params["network_def.channels"] == "[4, 8, 8]"
    (data,) = run.inputs.dataset_inputs
    assert data.dataset.digest == run.data.params["data"]
    assert {"version.torch", "version.monai", "bundle.version"} <= run.data.tags.keys()


def test_an_evaluation_knows_its_metrics_its_report_and_the_settings_of_its_training(tracked):
    training, evaluation = tracked
    assert math.isfinite(evaluation.run.data.metrics["test/restored_psnr"])
    assert "test/psnr" not in evaluation.run.data.metrics
    parameters = evaluation.run.data.params
    assert training.run.data.params.items() <= parameters.items()
    assert parameters["weights.model"] == training.run.data.tags["weights.model"]
    (data,) = evaluation.run.inputs.dataset_inputs
    assert data.dataset.digest == parameters["data"]
    assert {tag.key: tag.value for tag in data.tags} == {"mlflow.data.context": "testing"}
    assert {"evaluation/report.html", "evaluation/cases.csv", "config.json"} <= evaluation.artifacts


@pytest.mark.parametrize("bundle", BUNDLES[:1], indirect=True, ids=lambda path: path.name)
def test_an_evaluation_of_other_data_and_other_weights_says_which(
    store, client, bundle, cohort, tracked, tmp_path
):
    """The weights lie beside the record of a training that did not make them."""
    settings = settings_of(cohort, tmp_path, store, bundle.name)
    settings |= {"tracking": str(bundle / "configs" / "tracking.json")}
    models, other = tmp_path / "models", tmp_path / "other"
    run_workflow(bundle, "train", run_id="training", **settings, seed=1)
    shutil.copytree(cohort, other)
    datalist = other / "datalist.json"
    datalist.write_text(datalist.read_text() + "\n")
    record = read_json(models / "mlflow_run.json")
    write_json(models / "mlflow_run.json", record | {"run_id": tracked[0].run.info.run_id})
    run_workflow(bundle, "train", "evaluate", run_id="evaluating", **settings, seed=1, test_dir=str(other))
    evaluation = tracked_runs(client, bundle.name)[-1].run
    assert "mlflow.parentRunId" not in evaluation.data.tags
    assert evaluation.data.params["data"] == sha256(datalist)[:12]
    assert evaluation.data.params["weights.model"] == sha256(models / "model.pt")


@pytest.mark.parametrize("bundle", BUNDLES[:1], indirect=True, ids=lambda path: path.name)
def test_an_evaluation_without_its_server_is_refused_before_the_judge_is_trained(bundle, cohort, tmp_path):
    settings = settings_of(cohort, tmp_path, "http://127.0.0.1:1", bundle.name)
    run_workflow(bundle, "train", run_id="training", **settings)
    settings |= {"tracking": str(bundle / "configs" / "tracking.json")}
    with pytest.raises(RuntimeError) as error:
        run_workflow(bundle, "train", "evaluate", run_id="evaluating", **settings)
    assert "none answers" in str(find_user_error(error.value))
    assert not (tmp_path / "models" / "judge.pt").exists()


def test_the_registered_bundle_can_be_downloaded_and_used(
    tracked, client, store, bundle, cohort, tmp_path, monkeypatch
):
    (version,) = client.search_model_versions(f"run_id = '{tracked[0].run.info.run_id}'")
    assert version.name == bundle.name
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    found = mlflow.artifacts.download_artifacts(
        f"models:/{version.name}/{version.version}", dst_path=tmp_path
    )
    size = {name: value for name, value in TINY[bundle.name].items() if name == "size"}
    restore(Path(found), cohort, tmp_path / "restored", **size)
    assert len([path for path in (tmp_path / "restored").rglob("*") if path.is_file()]) >= 2

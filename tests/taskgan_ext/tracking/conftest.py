"""One SQLite store for the tests of this folder, whose tables cost seconds, and trainings tracked in it."""

import json

import pytest
import torch
from ignite.engine import Events
from tiny_training import make_tiny_networks, make_trainer, slice_data, slice_loader, step_losses

from taskgan_ext.handlers.progress import Progress
from taskgan_ext.handlers.training_checkpoint import TrainingCheckpoint
from taskgan_ext.handlers.training_record import TrainingRecord
from taskgan_ext.tracking.experiment_store import ExperimentStore
from taskgan_ext.tracking.track_training import TrackTraining
from taskgan_ext.tracking.tracked_run import TrackedRun

pytest.importorskip("mlflow")

EPOCHS = 3
STEPS = 2


class Experiment:
    """One experiment of the store, and trainings that are tracked in it."""

    def __init__(self, database, folder):
        self.database, self.folder, self.bundle, self.name = database, folder, folder, folder.name

    def run(self, **settings):
        """The shared run of a training."""
        return TrackedRun(self.database, self.name, self.folder / "models", self.bundle, **settings)

    def train(self, interrupt=None, run=None, epochs=EPOCHS, seed=0, **settings):
        """Train, or continue; ``interrupt`` is called as the first new epoch ends, after the checkpoint."""
        models = self.folder / "models"
        networks = make_tiny_networks(seed)
        state = {**networks._asdict()}
        handlers = [
            Progress("training"),
            TrainingRecord(models),
            TrainingCheckpoint(models / "state.pt", state, {"model": networks.generator}),
            TrackTraining(run or self.run(**settings), every=1, history=models / "history.csv"),
        ]
        trainer = make_trainer(
            networks,
            slice_loader(slice_data(), num_samples=4 * STEPS),
            step_losses(task_training="both"),
            epochs,
            handlers,
            hyperparameters={"seed": seed, "lambda_gan": 0.3},
        )
        if interrupt:
            trainer.add_event_handler(Events.EPOCH_COMPLETED, interrupt)
        trainer.run()
        return trainer

    @staticmethod
    def optimizer(network):
        """That of the tests."""
        return torch.optim.Adam(network.parameters(), lr=1e-2)

    @property
    def runs(self):
        """What the store holds, the first run first."""
        store = ExperimentStore(self.database, self.name)
        return store.client.search_runs([store.experiment_id], order_by=["attributes.start_time ASC"])

    @property
    def client(self):
        return ExperimentStore(self.database, self.name).client

    def steps(self, metric, number=0):
        """Steps of a metric in a run."""
        history = self.client.get_metric_history(self.runs[number].info.run_id, metric)
        return sorted(point.step for point in history)

    @property
    def record(self):
        return json.loads((self.folder / "models" / "mlflow_run.json").read_text())


@pytest.fixture(scope="session")
def database(tmp_path_factory):
    """Address of the store."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield f"sqlite:///{tmp_path_factory.mktemp('store')}/runs.db"


@pytest.fixture
def experiment(database, tmp_path):
    folder = tmp_path / f"experiment {tmp_path.name}"
    (folder / "configs").mkdir(parents=True)
    (folder / "configs" / "metadata.json").write_text(json.dumps({"name": folder.name, "version": "1"}))
    return Experiment(database, folder)
